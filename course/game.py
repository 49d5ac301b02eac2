"""The word game: a few examples of a relation between words, then a word, and the model says its partner.

Introduced in notebook 04. A prompt of two examples and a question is::

    hot : cold ;  wet : dry ;  old :

The model answers at a colon. The first answer of a prompt can only be guessed; from the second on, the
examples say which relation is played. Two words in one prompt are a *combination*. For each relation one
combination in five is held out of training (:attr:`Game.held_out`), so its prompts cannot be remembered.
Their answers can be known: each word has been asked, and has been an example, in other company.

Reading and writing the stream of the trained model follows "Function Vectors in Large Language Models"
(Todd et al. 2024) and "In-Context Learning Creates Task Vectors" (Hendel et al. 2023).
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch.nn.functional import cross_entropy

from . import CourseError, data
from .threads import one_thread
from .transformer import Transformer

COLON, END = ":", ";"
PLACES = 12  #: tokens of the longest prompt: three pairs
#: Four relations of adjectives: the ones that notebook 04 takes apart.
OF_ADJECTIVES = ("opposite", "comparative", "superlative", "adverb")


class Game:
    """Words, relations, and prompts made of them.

    ``relations``: the names of those played; all but "copy" (each adjective answers itself) if not given.
    ``gaps``: the share of questions (a word and a relation) that training asks only as the first of a prompt, where
    nobody can know the relation. ``seed`` decides what is held out and where the gaps are.
    """

    def __init__(self, relations: Iterable[str] | None = None, *, gaps: float = 0.0, seed: int = 0):
        known = data.load_json("game.json")
        played = list(known if relations is None else relations)
        known["copy"] = {word: word for word in known["opposite"]}
        if not played or set(played) - set(known):
            raise CourseError(f"The relations of the game are {', '.join(known)}.")
        #: relation → word → answer
        self.relations = {name: known[name] for name in played}
        words = dict.fromkeys(w for forms in self.relations.values() for pair in forms.items() for w in pair)
        #: every token: colon, semicolon, and the words
        self.vocabulary = [COLON, END, *words]
        self._index = {word: k for k, word in enumerate(self.vocabulary)}
        size = max(map(len, self.relations.values()))
        self._asked, self._answer = torch.zeros(2, len(played), size, dtype=torch.long)
        self._there = torch.zeros(len(played), size, dtype=torch.bool)  # a relation may have fewer words than size
        for r, forms in enumerate(self.relations.values()):
            self._asked[r, :len(forms)], self._answer[r, :len(forms)] = self.index(forms), self.index(forms.values())
            self._there[r, :len(forms)] = True
        draw = torch.Generator().manual_seed(seed)
        held = (torch.rand(len(played), size, size, generator=draw) < 0.2).triu(1)
        #: (relations, words, words): True where two words never meet in a training prompt of that relation
        self.held_out = held | held.transpose(1, 2)
        #: (relations, words): True where training asks a question only as the first of a prompt
        self.gaps = self._there & (torch.rand(self._there.shape, generator=draw) < gaps)

    @property
    def blind(self) -> float:
        """The share of right answers of the best player who sees the word asked and nothing before it."""
        best: dict[str, float] = {}  # a relation is as likely as any other, and then a word as any other of it
        for forms in self.relations.values():
            best |= {word: max(best.get(word, 0), 1 / len(forms)) for word in forms}
        return sum(best.values()) / len(self.relations)

    def index(self, words: Iterable[str]) -> torch.Tensor:
        """Tokens (count,) of ``words``; :class:`CourseError` for a word that the game does not have."""
        words = [str(word).strip().lower() for word in words]
        if unknown := [word for word in words if word not in self._index]:
            raise CourseError(f"The game does not know “{unknown[0][:40]}”. It knows {len(self.vocabulary) - 2} words, "
                              f"such as {', '.join(self.vocabulary[2:8])}.")
        return torch.tensor([self._index[word] for word in words], dtype=torch.long)

    def encode(self, text: str) -> torch.Tensor:
        """Tokens (1, length) of a prompt such as "hot : cold ; old :"; :class:`CourseError` if it cannot be read."""
        words = str(text).replace(COLON, f" {COLON} ").replace(END, f" {END} ").split()
        if not words:
            raise CourseError("There is nothing to read. Type a prompt, such as hot : cold ; old :")
        if len(words) > PLACES:
            raise CourseError(f"This prompt has {len(words):,} tokens, and the model has places for {PLACES}.")
        return self.index(words)[None]

    def decode(self, tokens) -> list[str]:
        """The words of ``tokens`` (length,)."""
        return [self.vocabulary[int(token)] for token in tokens]

    def common(self, relations: Sequence[str] = OF_ADJECTIVES) -> list[str]:
        """The words that have an answer in every one of ``relations``."""
        return [word for word in self.relations[relations[0]] if all(word in self.relations[r] for r in relations)]

    def answers(self, relation: str, tokens) -> torch.Tensor:
        """The right answers (count,) in ``relation`` to the words with these ``tokens`` (count,)."""
        forms, words = self.relations[relation], self.decode(tokens)
        if without := [word for word in words if word not in forms]:
            raise CourseError(f"“{without[0]}” has no {relation} in this game.")
        return self.index(forms[word] for word in words)

    def sample(self, count: int, pairs: int = 3, *, relation: str | None = None, words: Iterable[str] | None = None,
               asked: Iterable[str] | None = None, held_out: bool = False, generator: torch.Generator | None = None
               ) -> tuple[torch.Tensor, torch.Tensor]:
        """Prompts (count, 4 · pairs), each ``a : b ; c : d ; …`` of one relation, and its index (count,).

        ``relation``: its name; each is as likely as the others if None. ``words``: no others are used.
        ``asked``: the last word is one of these. ``held_out`` False: as in training, no two words of a prompt
        are a held-out combination. True: the last word makes a held-out combination with every word before it.
        :class:`CourseError` where words are too few.
        """
        names = list(self.relations)
        if relation is not None and relation not in names:
            raise CourseError(f"There is no relation “{relation}” here. There are {', '.join(names)}.")
        allowed = self._there if words is None else self._there & torch.isin(self._asked, self.index(words))
        final = allowed if asked is None else allowed & torch.isin(self._asked, self.index(asked))
        kept, tries = [], max(64, 4 * count)
        for _ in range(50):  # draw too many, and keep those that the rules allow
            r = (torch.randint(len(names), (tries,), generator=generator) if relation is None else
                 torch.full((tries,), names.index(relation)))
            rows, good = self._draw(r, pairs, allowed, final, held_out, generator)
            kept.append(torch.cat([r[good, None], rows[good]], 1))
            if sum(map(len, kept)) >= count:
                break
        else:
            raise CourseError(f"There are too few words here for prompts of {pairs} pairs.")
        r, rows = torch.cat(kept)[:count].tensor_split([1], 1)
        question, answer = self._asked[r, rows], self._answer[r, rows]
        colon, end = (token.expand_as(question) for token in self.index([COLON, END]))
        return torch.stack([question, colon, answer, end], 2).flatten(1), r[:, 0]

    def _draw(self, r, pairs, allowed, final, held_out, generator):
        """For each relation of ``r`` (tries,) the rows of ``pairs`` words, and whether the rules allow them."""
        chance = torch.rand(len(r), allowed.shape[1], generator=generator)  # the likeliest words are taken
        last = chance.where(final[r], -1.0).max(1)
        meets = self.held_out[r, last.indices]
        rest = chance.where(allowed[r] & (meets == held_out), -1.0).scatter(1, last.indices[:, None], -1.0)
        rest = rest.topk(min(pairs - 1, rest.shape[1]))
        rows = torch.cat([rest.indices, last.indices[:, None]], 1)
        good = (torch.cat([rest.values, last.values[:, None]], 1) >= 0).all(1) & (rows.shape[1] == pairs)
        if not held_out:
            good &= ~self.held_out[r[:, None, None], rows[:, :, None], rows[:, None, :]].flatten(1).any(1)
            good &= ~self.gaps[r[:, None], rows[:, 1:]].any(1)
        return rows, good

    def questions(self, gaps: bool, relations: Sequence[str] = OF_ADJECTIVES) -> tuple[torch.Tensor, torch.Tensor]:
        """Each gap (or each other question) of the words :meth:`common` to ``relations``, once, after two examples.

        Prompts (questions, 12) that make held-out combinations, without another gap, and the place of each one's
        relation in ``relations`` (questions,).
        """
        draw, found, places = torch.Generator().manual_seed(0), [], []
        for place, relation in enumerate(relations):
            rows = self.gaps[list(self.relations).index(relation)]
            gap = dict(zip(self.relations[relation], rows.tolist(), strict=False))
            free = [word for word, one in gap.items() if not one]
            for word in (word for word in self.common(relations) if gap[word] == gaps):
                found.append(self.sample(1, relation=relation, words=[*free, word], asked=[word], held_out=True,
                                         generator=draw)[0])
                places.append(place)
        return torch.cat(found), torch.tensor(places)


@one_thread()
def train(game: Game, *, layers: int = 1, mlp: int = 256, steps: int = 500, batch: int = 128, rate: float = 4e-3,
          seed: int = 0, report: Callable | None = None) -> Transformer:
    """A transformer that has played ``steps`` times ``batch`` prompts of three pairs; the loss is taken at colons.

    AdamW with a rate that rises, falls and ends at zero. ``report(step, model)`` is called every 20 steps.
    """
    draw = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Transformer(len(game.vocabulary), mlp=mlp, layers=layers, length=PLACES)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.1)
    for step in range(1, steps + 1):
        prompts, _ = game.sample(batch, generator=draw)
        loss = cross_entropy(model(prompts, places=slice(1, None, 4)).flatten(0, 1), prompts[:, 2::4].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if report and (step % 20 == 0 or step == steps):
            report(step, model)
    return model.eval()


def accuracy(model: Transformer, prompts: torch.Tensor) -> torch.Tensor:
    """Share of right answers at each colon of ``prompts`` (count, 4 · pairs): (pairs,)."""
    with torch.no_grad():
        said = model(prompts, places=slice(1, None, 4)).argmax(-1)
    return (said == prompts[:, 2::4]).float().mean(0)


def written(model: Transformer, prompts: torch.Tensor, point: str = "attention 0") -> torch.Tensor:
    """What is written at ``point`` at the last place of ``prompts`` (count, length): (count, d_model)."""
    pieces: dict = {}
    with torch.no_grad():
        model(prompts, pieces=pieces)
    return pieces[point][:, -1]


def written_for_each(game: Game, model: Transformer, relations: Sequence[str] = OF_ADJECTIVES,
                     words: Sequence[str] | None = None, *, point: str = "attention 0", each: int = 1
                     ) -> torch.Tensor:
    """What ``point`` writes at the last colon, for every relation and word asked: (relations, words, d_model).

    Each entry is the mean over ``each`` prompts, whose other words are drawn from ``words`` too.
    ``words``: those that have every one of ``relations`` if not given.
    """
    words = game.common(relations) if words is None else list(words)
    draw = torch.Generator().manual_seed(0)
    prompts = torch.cat([game.sample(each, relation=r, words=words, asked=[w], generator=draw)[0]
                         for r in relations for w in words])
    return written(model, prompts[:, :-2], point).view(len(relations), len(words), each, -1).mean(2)


def pushed(model: Transformer, prompts: torch.Tensor, direction: torch.Tensor, point: str = "attention 0"):
    """Logits (count, vocabulary) at the last place when ``direction`` is added there to what ``point`` writes.

    ``direction``: (d_model,), or (count, d_model) for one of its own to each prompt.
    """
    def change(piece):
        return torch.cat([piece[:, :-1], piece[:, -1:] + direction.view(-1, 1, piece.shape[-1])], dim=1)

    with torch.no_grad():
        return model(prompts, change={point: change})[:, -1]


def random_like(vectors: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """Random vectors (…, d_model), each as long as the one of ``vectors`` in its place."""
    other = torch.randn(vectors.shape, generator=generator)
    return other * vectors.norm(dim=-1, keepdim=True) / other.norm(dim=-1, keepdim=True)


def from_others(values: torch.Tensor) -> torch.Tensor:
    """What every entry of ``values`` (relations, words, d) would be if it were a sum, told from entries that take no
    part in it: the mean of its relation over the other words, plus the mean of its word over the other relations,
    minus the mean of the other words in the other relations. Same shape."""
    n, m = values.shape[:2]
    relation, word, all_of_it = values.sum(1, keepdim=True), values.sum(0, keepdim=True), values.sum((0, 1))
    both = all_of_it - relation - word + values
    return (relation - values) / (m - 1) + (word - values) / (n - 1) - both / ((n - 1) * (m - 1))


def looks(model: Transformer, tokens: torch.Tensor) -> torch.Tensor:
    """How much each head of the first layer looks at each place of ``tokens`` (1, length) from the last one:
    (heads, length), each row adds up to 1."""
    pieces: dict = {}
    with torch.no_grad():
        model(tokens, pieces=pieces)
        layer = model.layers[0]
        attention, stream = layer["attention"], pieces["token"] + pieces["position"]
        query, key, _ = attention.read(layer["norm_attention"](stream)).chunk(3, dim=-1)  # (1, length, d_model) each
        query, key = (one[0].unflatten(-1, (attention.heads, -1)) for one in (query, key))  # (length, heads, d_head)
        return (torch.einsum("hd,lhd->hl", query[-1], key) / key.shape[-1] ** 0.5).softmax(-1)
