"""What is true about the second family, added up over its errands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.habits import Cycles
from example_shop.simulator.lives import Lives
from example_shop.simulator.oracle import Expected, Oracle
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.people import People
from example_shop.simulator.truth import Partners

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Month:
    """What a month is expected to bring, of products and of pairs of them."""

    taken: Matrix
    """(persons, products) chosen on errands, bought or not."""
    looked: Matrix
    """(persons, products) looked at."""
    taken_together: Matrix
    """(products, products) chosen on one errand."""
    looked_together: Matrix
    """(products, products) looked at on one errand."""


def errand_oracle(
    catalogue: Catalogue,
    people: People,
    partners: Partners,
    substitutes: Ints,
    lives: Lives,
    last: Ints,
    pace: Floats,
    parameters: Parameters,
) -> Oracle:
    """The truth, given what everybody took last (`last`) and how often they run errands."""
    rate = (30.0 / pace)[people.person]
    rate *= np.where(people.is_household[people.person], 0.5, 1.0)
    # Every errand's share of a person's trips: the chain's long run.
    usual = np.stack([np.linalg.matrix_power(step, 64)[0] for step in lives.step])[lives.life]
    share = _shares_with_habit(last, lives, catalogue, parameters)
    needed = (usual @ lives.needs)[:, catalogue.kind].astype(np.float32)

    def interest_at(shopper: int, day: int, hour: float) -> Floats:
        person = int(people.person_at(np.array([shopper]), np.array([hour]))[0])
        now = share[person] * needed[person] * (catalogue.published_day <= day)
        return (now / max(now.sum(), 1e-12)).astype(float)

    def expect() -> Expected:
        month = _a_month(rate[:, None] * usual, share, lives, catalogue, parameters)
        return _expect(month, people, partners, parameters)

    return Oracle(
        people=people,
        partners=partners,
        substitutes=substitutes,
        cycles=_cycles(last, people, rate[:, None] * (usual @ lives.needs), catalogue),
        interest_at=interest_at,
        expect=expect,
    )


def _expect(month: Month, people: People, partners: Partners, parameters: Parameters) -> Expected:
    monthly = np.zeros((people.count, month.looked.shape[1]), dtype=np.float32)
    np.add.at(monthly, people.person, month.looked)
    buys = np.float32(1 - parameters.missions.browse_only)
    co_interest = monthly.T @ monthly + month.looked_together
    together = buys * month.taken_together
    follows = buys * month.taken.sum(axis=0)[partners.product] * partners.chance
    for pair in ((partners.product, partners.partner), (partners.partner, partners.product)):
        np.add.at(co_interest, pair, follows)
        np.add.at(together, pair, follows * (1 - parameters.habits.complement_later))
    mean = monthly / np.maximum(monthly.sum(axis=1, keepdims=True), 1e-12)
    return Expected(mean_interest=mean, co_interest=co_interest, together=together)


def _a_month(
    trips: Floats, chosen: Matrix, lives: Lives, catalogue: Catalogue, parameters: Parameters
) -> Month:
    """Add up all errands; `trips` is (persons, errands) a month, `chosen` shares within kinds."""
    around = (parameters.missions.look_around * lives.share[lives.tier]).astype(np.float32)
    taken, looked = np.zeros_like(chosen), np.zeros_like(chosen)
    taken_together = np.zeros((catalogue.size, catalogue.size), dtype=np.float32)
    looked_together = np.zeros_like(taken_together)
    same_kind = catalogue.kind[:, None] == catalogue.kind[None, :]
    for errand, needs in enumerate(lives.needs[:, catalogue.kind].astype(np.float32)):
        run = trips[:, errand, None].astype(np.float32)
        taken += chosen * needs * run
        looked += (chosen + around) * needs * run
        # Two kinds are needed by chances of their own, two products of a kind by one chance; and
        # only one of a kind is taken, so pairs of a kind are looks at the others.
        each = chosen * needs * np.sqrt(run)
        seen = (chosen + around) * needs * np.sqrt(run)
        taken_together += np.where(same_kind, 0, each.T @ each)
        compared = (chosen + around) * np.sqrt(needs * run)
        picked = chosen * np.sqrt(needs * run)
        looked_together += np.where(
            same_kind, compared.T @ compared - picked.T @ picked, seen.T @ seen
        )
    return Month(
        taken=taken,
        looked=looked,
        taken_together=taken_together,
        looked_together=looked_together,
    )


def _shares_with_habit(
    last: Ints, lives: Lives, catalogue: Catalogue, parameters: Parameters
) -> Matrix:
    """(persons, products) share within the kind, the habit of last time included."""
    share = lives.share[lives.tier].astype(np.float32)
    person, kind = np.nonzero(last >= 0)
    used_up = np.array([k.cycle_days > 0 for k in catalogue.kinds])[kind]
    person, kind = person[used_up], kind[used_up]
    same = np.float32(parameters.missions.same_again)
    for number in np.unique(kind):
        rows, own = person[kind == number], catalogue.of_kind(int(number))
        share[rows, own] *= 1 - same
    share[person, last[person, kind]] += same
    return share


def _cycles(last: Ints, people: People, a_month: Floats, catalogue: Catalogue) -> Cycles:
    """What is taken again and again, with the mean days between two errands that need it."""
    used_up = np.array([kind.cycle_days > 0 for kind in catalogue.kinds])
    person, kind = np.nonzero((last >= 0) & used_up[None, :])
    return Cycles(
        shopper=people.person[person],
        product=last[person, kind],
        days=30.0 / np.maximum(a_month[person, kind], 1e-3),
        ends_day=np.full(len(person), np.iinfo(np.int64).max),
    )
