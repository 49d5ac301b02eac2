"""Source of a cell that moves every control of a notebook, to be run as its last cell.

A handler that fails raises there and so fails the test (the demos raise their errors where
``COURSE_STRICT`` is set). The cell prints one JSON object: whether torch is loaded, the sentences
under the pictures as they stood before anything moved, how many moves, and which controls of a
live demo changed neither its picture nor its sentence, whatever they were set to. What the widgets
would send to a browser is packed, so that nothing unsendable passes, and not sent: the last
message, which says that the cell has ended, was lost among thousands of them once in four runs.
"""
SENTENCES = r'''
import html as _html, json as _json, re as _re, sys as _sys
from ipywidgets.widgets.widget import _instances
_torch = "torch" in _sys.modules
_sentences = [_html.unescape(_re.sub("<[^>]*>", "", _w.sentence.value)) for _w in list(_instances.values())
              if hasattr(_w, "picture") and hasattr(_w, "sentence")]
'''
CELL = SENTENCES + r'''
import ipywidgets as _W
from ipykernel.comm import comm as _comm

def _packed(self, msg_type, data=None, metadata=None, buffers=None, **_keys):
    get_ipython().kernel.session.pack(data)

_comm.BaseComm.publish_msg = _packed  # nobody shows what moves here, and beyond a thousand messages ZeroMQ drops some
_ODD = ["", " ", "water", "KING", "زبان", "语言", "\U0001f388", "a" * 3000, "<b>king</b>", "two words", "3.14", "\x00"]

def _settings(_w):
    if isinstance(_w, (_W.IntSlider, _W.FloatSlider)):
        _middle = (_w.min + _w.max) / 2
        return [_w.max, _w.min, int(_middle) if isinstance(_w, _W.IntSlider) else _middle]
    if isinstance(_w, (_W.Dropdown, _W.RadioButtons, _W.ToggleButtons)):
        return [_o[1] if isinstance(_o, tuple) else _o for _o in _w.options]
    if isinstance(_w, _W.Checkbox):
        return [not _w.value]
    return _ODD if isinstance(_w, _W.Text) else []

def _state(_live):
    return _live.picture.figure, _live.sentence.value

_moves, _dead, _live_controls = 0, [], set()
for _live in [_w for _w in list(_instances.values()) if hasattr(_w, "controls") and hasattr(_w, "picture")]:
    for _name, _control in _live.controls.items():
        _live_controls.add(_control.model_id)
        _before, _start, _changed = _state(_live), _control.value, False
        for _value in _settings(_control) + [_start]:
            _control.value = _value
            _moves += 1
            _changed = _changed or _state(_live) != _before
        if not _changed:
            _dead.append(_name)
        if _live.message.value:
            raise AssertionError(f"{_name}: back at its start, and still: {_live.message.value}")
for _control in list(_instances.values()):
    if getattr(_control, "model_id", None) not in _live_controls:
        for _value in _settings(_control):
            _control.value = _value
            _moves += 1
        if isinstance(_control, _W.Button):
            _control.click()
print(_json.dumps(dict(torch=_torch, sentences=_sentences, moves=_moves, dead=_dead)))
'''
