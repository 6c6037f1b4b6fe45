"""From an order to pieces: its plain values become the words of the planning function, which plans as any caller's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from biaxial.formats.json_score import score_from_dict
from biaxial.jobs.order import Order
from biaxial.sampling.charges import Charges
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.harmonised_tunes import harmonised_tunes
from biaxial.tasks.loading import load, load_model, load_token_model
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.plan import Plan
from biaxial.tasks.token_model import TokenModel, TokenPlan
from biaxial.tokens.token_stepper import TokenOptions

_PLANNERS: Final = {
    "compose": "plan_composition",
    "compose tokens": "plan_composition",
    "harmonise": "plan_harmonisation",
    "infill": "plan_infilling",
    "bridge": "plan_bridge",
    "continue": "plan_continuation",
}


@dataclass(frozen=True, eq=False)
class Models:
    """The models of an order.

    Parameters
    ----------
    writer
        What writes or judges pieces.
    tunes
        What writes the tunes of pieces on tunes.
    """

    writer: Model | TokenModel
    tunes: TokenModel | None = None

    @classmethod
    def load(cls, order: Order, threads: int | None = None) -> Models:
        """Load them.

        Raises
        ------
        InputError
            If weights cannot be used.
        """
        *tunes, writer = (each.path for each in order.weights)
        if tunes:
            return cls(load_model(writer, order.device, threads), load_token_model(tunes[0], "cpu"))
        return cls(load(writer, order.device, threads))


def planned(order: Order, models: Models, numbers: Sequence[int], music: Any = None) -> Plan | TokenPlan | None:
    """The plan of some pieces whose seeds follow each other; pieces on tunes have none.

    Raises
    ------
    InputError, ValueError
        If they cannot be planned.
    """
    if order.verb not in _PLANNERS:
        return None
    plan = getattr(models.writer, _PLANNERS[order.verb])
    given = () if music is None else (music,)
    drawing = drawing_of(order.drawing or {}, tokens=order.verb == "compose tokens")
    found: Plan | TokenPlan = plan(
        *given, **words_of(order.plan), n=len(numbers), seed=order.seed_of(numbers[0]), drawing=drawing
    )
    return found


def check_plan(order: Order, models: Models, music: Any = None) -> None:
    """Plan the first piece, and refuse what would fail for every other one too.

    Raises
    ------
    InputError, ValueError
        If it cannot be planned, or drawn so.
    """
    plan = planned(order, models, [0], music)
    if isinstance(plan, Plan) and isinstance(models.writer, Model):
        plan.options.constraints(models.writer.config)


def drawn(order: Order, models: Models, numbers: Sequence[int], music: Any = None) -> Iterator[Piece]:
    """The pieces, as they are finished.

    Raises
    ------
    InputError, ValueError
        If they cannot be planned or drawn.
    """
    if order.verb == "compose on tunes":
        assert isinstance(models.writer, Model)
        assert models.tunes is not None
        drawing = dict(order.drawing or {})
        tune_drawing = drawing_of(drawing.pop("tune"), tokens=True)
        return harmonised_tunes(
            models.writer,
            models.tunes,
            len(numbers),
            **words_of(order.plan),
            seed=order.seed_of(numbers[0]),
            tune_drawing=tune_drawing,
            drawing=drawing_of(drawing, tokens=False),
        )
    plan: Any = planned(order, models, numbers, music)
    return models.writer.draw(plan)


def words_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a planning function: documents are scores, lists are tuples."""
    words = dict(plan)
    for name, value in plan.items():
        if isinstance(value, dict):
            words[name] = score_from_dict(value, name)
        elif isinstance(value, list):
            words[name] = tuple(value)
    return words


def drawing_of(values: Mapping[str, Any], *, tokens: bool) -> Any:
    """How pieces are drawn, out of plain values.

    Raises
    ------
    ValueError
        If a value cannot be used.
    """
    if tokens:
        return TokenOptions(**values)
    fields = dict(values)
    if fields.get("ranges") is not None:
        fields["ranges"] = tuple((int(low), int(high)) for low, high in fields["ranges"])
    for name, kind in (("voice_leading", VoiceLeading), ("charges", Charges)):
        if fields.get(name) is not None:
            fields[name] = kind(**fields[name])
    return SamplingOptions(**fields)
