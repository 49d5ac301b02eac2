"""Commands for maintainers. They rebuild what is shipped; no notebook imports them.

``words`` and ``game`` stand alone. Notebook 08 is built from an empty folder in this order, on one or two cores::

    python -m course.recipes.corpus                                                  # 15 minutes, 1.5 GB to fetch
    python -m course.recipes.language_model --seed 0 --tokens 48e6                   # an hour; the same with --seed 1
    python -m course.recipes.dictionaries --model build/model/model-seed0-48M.pt     # 40 minutes
    python -m course.recipes.dictionaries --model build/model/model-seed1-48M.pt --sizes 1024
    python -m course.recipes.dictionaries --model twin --sizes 4096
    python -m course.recipes.contexts --score C …                                    # 15 minutes
    python -m course.recipes.features …                                              # 10 minutes

Byte for byte the same again: the corpus, the tokens, and ``text.npz``. The same in kind, on another processor or
version of PyTorch: models, dictionaries, and all that is said of their units; and so the scores of contexts move a
little, and the numbers of units change altogether. On one machine with one thread, a rebuild gives the same weights.
"""
