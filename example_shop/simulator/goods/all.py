"""Every kind of goods the invented shop sells, in the order of its departments."""

from __future__ import annotations

from example_shop.simulator.goods.electronics import ELECTRONICS
from example_shop.simulator.goods.fashion import FASHION
from example_shop.simulator.goods.grocery import GROCERY
from example_shop.simulator.goods.home import HOME
from example_shop.simulator.goods.kind import Kind
from example_shop.simulator.goods.office import OFFICE
from example_shop.simulator.goods.outdoor import OUTDOOR

KINDS: tuple[Kind, ...] = OUTDOOR + HOME + GROCERY + FASHION + ELECTRONICS + OFFICE
DEPARTMENTS: tuple[str, ...] = tuple(dict.fromkeys(kind.department for kind in KINDS))
