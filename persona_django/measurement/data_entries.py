"""What every column of every table of ours is for, why it may be there, and when it goes.

One entry a column, so that a new column without one is noticed. A lifetime in braces is a
setting's name and shown as the shop has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NOT_ABOUT_PEOPLE = "none needed: nothing about a person"
CONSENT = "consent (measure or personalise)"
ON_ERASURE = "deleted with the person's other rows"
STAYS = "stays: nothing about a person"


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of one table, with what holds for all of them."""

    about: str
    purposes: Mapping[str, str]
    """Column to what it is for."""
    basis: str = NOT_ABOUT_PEOPLE
    lifetime: str
    erased: str = STAYS
    lifetimes: Mapping[str, str] = field(default_factory=dict)
    """Columns that go earlier or later than their row."""

    @property
    def is_personal(self) -> bool:
        """Whether its rows are about people."""
        return self.basis != NOT_ABOUT_PEOPLE


def _all(names: str, purpose: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), purpose)


_ROW = {"id": "tells rows apart", "store": "tells several shops of one database apart"}
_SIGNAL = "evidence of taste: what to show to this person and what goes together"

TABLES: Mapping[str, Table] = {
    "Visitor": Table(
        about="Browsers and apps that may be recognised, with the receipt of their consent.",
        basis=CONSENT,
        lifetime="{visitors_kept} after they agreed",
        erased=ON_ERASURE,
        purposes={
            "key": "recognises the browser: keyed hash of a random pseudonym",
            "store": _ROW["store"],
            "account": "joins a person's devices after sign-in, and where the consent was taken "
            "back still finds what is to be told or erased: keyed hash of the customer",
            "purposes": "receipt: what was agreed to",
            "consent_version": "receipt: to which wording",
            "agreed_at": "receipt: when",
            "standing": "keeps programs from teaching anything",
            "rank": "keeps one network from teaching too much",
            "reason": "lets a person judge whether it is a program",
            "created_at": "ends the row's lifetime",
        },
    ),
    "Event": Table(
        about="What happened: a product viewed, chosen, put into the cart, imported purchases.",
        basis="consent; for imports and the shop's own reports what it declared: customer or "
        "aggregate",
        lifetime="{events_kept}; imported and reported purchases {purchases_kept}",
        erased=ON_ERASURE,
        purposes={
            **_ROW,
            "shopper": "joins the events of a person: keyed hash of visitor or customer",
            "uid": "stores each event once",
            **_all("kind item_id at value", _SIGNAL),
            "order": "tells which purchases were made together: keyed hash of the order",
            **_all("quantity price", "evidence of imported purchases"),
            "basis": "says what the row may be used for",
            "context": "device, entry and local hour: when and where something fits",
        },
    ),
    "WeekEvidence": Table(
        about="On which days somebody took an interest in what, a week in each row: what is left "
        "of events for learning what goes together.",
        basis="as the events it was counted from",
        lifetime="{evidence_kept}, never less than {events_kept}",
        erased=ON_ERASURE,
        purposes={
            **_ROW,
            "week": "ends the row's lifetime",
            **_all("generation part parts", "tells a whole week from one half written"),
            **_all("low high", "finds whom it is about: keyed hashes of visitors or customers"),
            "data": "evidence: keyed hash of visitor or customer, product, kind, days, seconds or "
            "share, basis",
        },
    ),
    "Folding": Table(
        about="How far the weeks have been counted.",
        lifetime="as long as the store",
        purposes={
            "store": "tells several shops of one database apart",
            **_all("until target due", "tells which weeks are counted, and which are to be"),
            **_all("seen taken again bought looked_at", "tells what came in since"),
            **_all("final gone", "keeps a week from being counted anew when its events have gone"),
            **_all("kinds wanted", "tells what was counted"),
        },
    ),
    "Intent": Table(
        about="Searches, filters and sorting.",
        basis=CONSENT,
        lifetime="{events_kept}",
        erased=ON_ERASURE,
        purposes={
            **_ROW,
            "shopper": "joins them to the visit: keyed hash of the visitor",
            "uid": "stores each once",
            **_all("kind name low high", "evidence of taste: prices and traits looked for"),
            "at": "tells the visit it belongs to",
            "words": "what was looked for in this visit, and what was chosen among the shop's own "
            "filters and orders; never an address or a long number",
            "results": "tells a search that found nothing",
            "context": "device, entry and local hour",
        },
        lifetimes={
            "words": "the visit, where they were searched for or typed: emptied when it is over; "
            "as long as the row, where they were chosen"
        },
    ),
    "ServedSlate": Table(
        about="What was recommended to somebody, and what of it was seen, chosen or dismissed.",
        basis=CONSENT,
        lifetime="{events_kept}",
        erased=ON_ERASURE,
        purposes={
            **_ROW,
            "shopper": "joins it to the person: keyed hash of the visitor",
            "uid": "stores each once",
            **_all("block version", "tells how well a list and what was learnt for it work"),
            "at": "ends the row's lifetime",
            **_all("items seen clicked dismissed", "what was passed over and what was chosen"),
            "context": "device, entry and local hour",
        },
    ),
    "SearchTerm": Table(
        about="How often something was searched for, by nobody in particular.",
        basis="legitimate interest: figures about crowds of at least {min_askers}",
        lifetime="13 months after it was last searched for; where no crowd did {events_kept} "
        "after the first who did",
        erased="the person's mark is taken out; counts of crowds stay",
        purposes={
            **_ROW,
            "term": "stands for the words until a crowd has asked for them: keyed hash",
            "words": "tells what shoppers look for, once a crowd has",
            "visitors": "tells when there is a crowd",
            "marks": "counts each visitor once: two bytes each that name nobody",
            **_all("asked dead without_results", "finds searches that lead nowhere"),
            "last_at": "ends the row's lifetime",
        },
        lifetimes={"marks": "until a crowd of {min_askers} has asked; then emptied"},
    ),
    "SearchFind": Table(
        about="What visitors found useful after a search, by nobody in particular.",
        basis="legitimate interest: figures about crowds of at least {min_support}, of buyers at "
        "least {min_buyers}",
        lifetime="{events_kept} after a crowd found it last; after the first who did where none "
        "has",
        erased="the person's mark is taken out; counts of crowds stay",
        purposes={
            **_ROW,
            "find": "stands for search and product together until a crowd found it: keyed hash",
            "term": "tells after which search, once a crowd found it: keyed hash",
            **_all("item_id what", "what is found useful, once a crowd found it"),
            "visitors": "how useful it is: distinct visitors, added crowd by crowd",
            "marks": "counts each visitor once: two bytes each that name nobody",
            "last_at": "ends the row's lifetime; what was found long ago counts less",
        },
        lifetimes={"marks": "until a crowd has gathered; then emptied"},
    ),
    "Restriction": Table(
        about="Who wants to be left alone: erased for good, or paused.",
        basis="legal obligation: to honour erasure and objection",
        lifetime=(
            "erased: for good; paused: until they resume; strangers: as long as a cookie can live"
        ),
        erased="this is what stays of an erased person: a number that names nobody",
        purposes={
            "key": "recognises late messages and restored backups: keyed hash",
            "kind": "erased or paused",
            "at": "tells which backups are older",
            "until": "goes when no cookie of theirs can come any more; empty: for good",
        },
    ),
    "ImportRun": Table(
        about="Files that were imported.",
        lifetime="until an operator deletes it",
        purposes={
            "id": _ROW["id"],
            "fingerprint": "tells a file that was imported before: hash of its content",
            "filename": "tells people which file it was",
            **_all("rows_done stored repeated rejected", "goes on after a kill; reports"),
            **_all("started_at updated_at finished_at", "tells people when"),
        },
    ),
    "DropCount": Table(
        about="How much was refused or lost on a day.",
        lifetime="a year",
        purposes={"id": _ROW["id"], **_all("day reason n", "tells operators what went wrong")},
    ),
    "UsedNonce": Table(
        about="Signed messages of other servers of the shop.",
        lifetime="20 minutes, four times as long as a message is taken",
        purposes=_all("key at", "takes each message in once"),
    ),
    "Item": Table(
        about="The shop's products, as ranking needs them.",
        lifetime="as long as the shop has the product, and while something learnt names it",
        purposes={
            **_ROW,
            **_all("model key ref group_ref", "finds the shop's own row"),
            **_all(
                "title category brand price list_price currency available stock margin "
                "published_at attributes images text sensitive",
                "what is recommended, and what must not be",
            ),
            **_all("digest retired_at", "keeps the mirror true"),
        },
    ),
    "State": Table(
        about="Revisions, and which version is live.",
        lifetime="for good",
        purposes={
            **_ROW,
            **_all("name value relation fence changed_at", "keeps all processes together"),
        },
    ),
    "ModelVersion": Table(
        about="What was learnt, version by version.",
        lifetime="{bases_kept} versions of each kind",
        purposes={
            **_ROW,
            **_all(
                "kind status parent relation fence artefact_id created_at published_at",
                "makes one version live at a time",
            ),
            **_all("figures reason", "tells people what it rests on"),
            "work": "lets an unfinished run go on",
        },
    ),
    "NeighbourRow": Table(
        about="Which products go together, each pair behind a crowd.",
        lifetime="with its version",
        erased="learnt anew without the person within a day; no older version goes live again",
        purposes={
            "id": _ROW["id"],
            **_all("version_id relation item_id data", "what is shown beside a product"),
        },
    ),
    "Artefact": Table(
        about="Packed figures: the catalogue, what is popular, visits without names, what "
        "crowds search for, work in progress.",
        lifetime="with its version, visits a week or two rebuilds; work in progress until its "
        "run ends",
        erased="learnt anew without the person within a day",
        purposes={
            "id": _ROW["id"],
            **_all("name schema checksum size parts created_at", "finds and checks its parts"),
        },
    ),
    "ArtefactPart": Table(
        about="Bytes of an artefact; of a job that has not ended, also what it read of shoppers.",
        lifetime="with its artefact; work in progress until its job ends",
        erased="learnt anew without the person within a day; rows of theirs in work in progress "
        "go within minutes, what was counted from them when its job ends",
        purposes={
            "id": _ROW["id"],
            **_all("artefact number data", "what pages are ranked by"),
        },
    ),
    "PairDecision": Table(
        about="Merchants' verdicts on pairs of products.",
        lifetime="until its expiry or its withdrawal",
        purposes={
            "id": _ROW["id"],
            **_all("item_id other_id approved expires_at", "keeps a pair apart or together"),
            **_all("reason created_at", "tells a colleague why and when"),
        },
    ),
    "SuggestedPair": Table(
        about="Pairs of products that merchants vouch for.",
        lifetime="until its withdrawal",
        purposes={
            "id": _ROW["id"],
            **_all("relation item other strength expires_at", "puts a pair into lists"),
            **_all("reason created_at", "tells a colleague why and when"),
        },
    ),
    "Lease": Table(
        about="Jobs, and which process works on them.",
        lifetime="for good",
        purposes={
            "id": _ROW["id"],
            **_all("name holder fence expires_at attempts done_at", "lets one process do a job"),
            "note": "tells operators what went wrong",
        },
    ),
}
"""By the model's name."""
