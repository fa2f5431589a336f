"""The second family of shoppers: lives, errands and loyalty to price tiers; no latent taste.

Errands follow one another as a Markov chain whose chances depend on the life a person leads.
An errand needs some kinds of goods; within a kind a person takes the product of last time, or
one of the popular ones in their price tier. Used for final figures only (see parameters).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.progress import Progress, silent
from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.errand_oracle import errand_oracle
from example_shop.simulator.history import Reason
from example_shop.simulator.lives import Lives, make_lives
from example_shop.simulator.oracle import Oracle
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.people import People, hours_of
from example_shop.simulator.purchases import Wishes
from example_shop.simulator.truth import Partners
from example_shop.simulator.year import Shopped, sale_temper

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One errand of everybody who is out, side by side; looks name their visit by row."""

    shopper: Ints
    day: Ints
    hour: Floats
    row: Ints
    product: Ints
    in_cart: Flags
    is_bought: Flags


class Town:
    """Everybody's state between errands: when they go next, on which one, what they took last."""

    def __init__(
        self,
        catalogue: Catalogue,
        people: People,
        lives: Lives,
        parameters: Parameters,
        rng: np.random.Generator,
    ) -> None:
        self.catalogue, self.people, self.lives = catalogue, people, lives
        self.parameters, self.rng = parameters, rng
        usual = parameters.shoppers.visits_a_year / people.visits_a_year
        self.pace = np.clip(
            parameters.missions.days_between * usual, *parameters.missions.pace_days
        )
        self.clock = rng.random(people.count) * self.pace
        self.errand = np.zeros(len(people.person), dtype=np.int64)
        self.last = np.full((len(people.person), len(catalogue.kinds)), -1, dtype=np.int64)

    def live(self, progress: Progress = silent) -> Iterator[Step]:
        """Run errands until nobody has one left within the time."""
        days = self.parameters.days + self.parameters.held_out_days
        spread = self.parameters.missions.spread
        while (out := np.flatnonzero(self.clock < days)).size:
            yield self._run(out)
            wait = self.pace[out] * self.rng.lognormal(0.0, spread, len(out))
            self.clock[out] += np.maximum(wait, 1.0)
            progress("days", int(min(self.clock.min(), days)), days)

    def _run(self, out: Ints) -> Step:
        rng, missions, lives = self.rng, self.parameters.missions, self.lives
        day = np.floor(self.clock[out]).astype(np.int64)
        hour = hours_of(out, self.people, self.parameters, rng)
        person = self.people.person_at(out, hour)
        self.errand[person] = draw(lives.step[lives.life[person], self.errand[person]], rng)
        chance = lives.needs[self.errand[person]]
        row, kind = np.nonzero(rng.random(chance.shape) < chance)
        product = self._choose(person[row], kind, day[row])
        temper = sale_temper(
            out[row], day[row], product, self.catalogue, self.people, self.parameters
        )
        leaves = rng.random(len(out)) < missions.browse_only
        bought = ~leaves[row] & (rng.random(len(row)) < temper)
        self.last[person[row[bought]], kind[bought]] = product[bought]
        forgotten = rng.random(len(row)) < missions.left_in_cart
        around = np.repeat(np.arange(len(row)), rng.poisson(missions.look_around, len(row)))
        seen = self._popular(person[row[around]], kind[around], day[row[around]])
        nothing = np.zeros(len(around), dtype=bool)
        return Step(
            shopper=out,
            day=day,
            hour=hour,
            row=np.concatenate([row, row[around]]),
            product=np.concatenate([product, seen]),
            in_cart=np.concatenate([bought | forgotten, nothing]),
            is_bought=np.concatenate([bought, nothing]),
        )

    def _choose(self, person: Ints, kind: Ints, day: Ints) -> Ints:
        """The product of last time where it is used up and was liked, else a popular one."""
        fresh = self._popular(person, kind, day)
        used_up = np.array([k.cycle_days > 0 for k in self.catalogue.kinds])[kind]
        known = self.last[person, kind]
        again = self.rng.random(len(kind)) < self.parameters.missions.same_again
        return np.where(used_up & (known >= 0) & again, known, fresh)

    def _popular(self, person: Ints, kind: Ints, day: Ints) -> Ints:
        """One product of the kind by its share in the person's tier, among those published."""
        product = np.empty(len(kind), dtype=np.int64)
        for number in np.unique(kind):
            rows, own = np.flatnonzero(kind == number), self.catalogue.of_kind(int(number))
            share = self.lives.share[self.lives.tier[person[rows]]][:, own].copy()
            coming = self.catalogue.published_day[own][None, :] > day[rows][:, None]
            share[coming] = 1e-12
            product[rows] = own.start + draw(share / share.sum(axis=1, keepdims=True), self.rng)
        return product


def shop_by_errand(
    catalogue: Catalogue,
    people: People,
    partners: Partners,
    substitutes: Ints,
    parameters: Parameters,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> tuple[Shopped, Oracle]:
    """Let the town live for a year, and write down what was true about it."""
    lives = make_lives(catalogue, people, parameters, rng)
    town = Town(catalogue, people, lives, parameters, rng)
    shopped = _collect(list(town.live(progress)))
    oracle = errand_oracle(
        catalogue, people, partners, substitutes, lives, town.last, town.pace, parameters
    )
    return shopped, oracle


def draw(chances: Floats, rng: np.random.Generator) -> Ints:
    """One column of each row, by its chance."""
    # The last sum may be a hair below 1, which must not name a column that does not exist.
    beyond = chances.cumsum(axis=1)[:, :-1] < rng.random(len(chances))[:, None]
    return beyond.sum(axis=1)


def _collect(steps: list[Step]) -> Shopped:
    first_visit = np.cumsum([0, *(len(step.shopper) for step in steps)])
    visit = np.concatenate(
        [step.row + first for step, first in zip(steps, first_visit[:-1], strict=True)]
    )
    shopper = np.concatenate([step.shopper for step in steps])
    day = np.concatenate([step.day for step in steps])
    hour = np.concatenate([step.hour for step in steps])
    product = np.concatenate([step.product for step in steps])
    # A look around may meet the chosen product again; the first row, the choice, stands.
    _, first = np.unique(np.stack([visit, product]), axis=1, return_index=True)
    visit, product = visit[first], product[first]
    bought = np.concatenate([step.is_bought for step in steps])[first]
    of = visit[bought]
    return Shopped(
        shopper=shopper,
        day=day,
        hour=hour,
        visit=visit,
        product=product,
        in_cart=np.concatenate([step.in_cart for step in steps])[first],
        wishes=Wishes.because(Reason.BROWSED, shopper[of], day[of], hour[of], product[bought]),
    )
