"""Money: meters of running things, months bought in advance, and the balance. Unit: 1/100000 USD.

The cost of a meter is exact at every whole second: price x units x seconds / period, rounded down once over its whole
life.
"""

from __future__ import annotations

from novita_infra.simulator.world.engine.account_records import Meter, Payment, Term
from novita_infra.simulator.world.engine.cloud_records import Endpoint, Instance, Storage, Worker
from novita_infra.simulator.world.engine.records import Price
from novita_infra.simulator.world.engine.settings import DAY, MONTH
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue
from novita_infra.simulator.world.market.catalogue import ProductEntry

STORAGE_PRICE = 200
"""The price of a GB and day of network storage (guides/gpu-instance-pricing)."""
DISK_PRICE = 500
"""The price of a GB and day of a system disk, beyond the free GB (same guide)."""
FREE_DISK = 60
"""The free GB of a system disk."""


def meter_cost(meter: Meter, at: float) -> int:
    """The cost of the meter at a time, Unix seconds."""
    seconds = max(0, min(meter.until or int(at), int(at)) - meter.since)
    return meter.price * meter.units * seconds // meter.period


def balance(world: World) -> int:
    """The balance now, exact; negative in arrears."""
    running = sum(meter_cost(meter, world.moment) for meter in world.meters if not meter.until)
    return world.sums.settled - running


def spent(world: World) -> int:
    """All costs so far."""
    topped_up = sum(payment.amount for payment in world.payments if payment.kind == "recharge")
    return topped_up - balance(world)


def funds_left(world: World) -> int:
    """The balance without reading every meter; at most one unit per meter too low."""
    running = (world.sums.rate * int(world.moment) - world.sums.begun) // DAY
    return world.sums.settled - running


def foresee(world: World) -> None:
    """Schedules the time at which the balance will be empty, as far as is known now."""
    account, sums = world.account, world.sums
    if account.arrears:
        return
    if sums.settled <= 0 or sums.rate > 0:
        empty_at = -(-(sums.settled * DAY + sums.begun) // sums.rate) if sums.rate else 0
        world.expect(world.accounts, account, [(max(0.0, empty_at - world.moment), "!empty")])
    elif account.ahead:
        world.expect(world.accounts, account, [])


def monthly_price(product: ProductEntry, months: int) -> int:
    """The price of this many months of one unit: of the offer, or by the months of the longest offer that fits."""
    offers = dict(product.monthly)
    if months in offers or not offers:
        return offers.get(months, 0)
    basis = max((offer for offer in offers if offer <= months), default=min(offers))
    return offers[basis] * months // basis


def term_price(instance: Instance, months: int) -> int:
    """The price of this many months of a machine."""
    return monthly_price(catalogue.product_of(instance.product), months) * instance.gpus


def list_price(world: World, product: ProductEntry) -> int:
    """The present price of a GPU (or CPU machine) and hour."""
    moved = world.prices.get(product.id)
    return product.price if moved is None else moved.price


def spot_price(world: World, product: ProductEntry) -> int:
    """The present spot price; 0 if there is none."""
    moved = world.prices.get(product.id)
    return product.spot if moved is None else moved.spot


def move_price(world: World, product: ProductEntry, *, per_cent: int) -> None:
    """Sets the price of a product to a percentage of its catalogue price. Running things pay the new price."""
    moved = world.prices.get(product.id) or world.prices.add(Price(id=product.id, price=0, spot=0))
    moved.price, moved.spot = product.price * per_cent // 100, product.spot * per_cent // 100
    world.prices.touch(moved)
    for instance in world.instances:
        if instance.product == product.id and instance.meter:
            end_instance(world, instance)
            begin_instance(world, instance)
            world.instances.touch(instance)
    for endpoint in world.endpoints:
        if endpoint.product == product.id:
            for worker in endpoint.workers:
                if worker.meter:
                    end_worker(world, worker)
                    begin_worker(world, endpoint, worker)
            world.endpoints.touch(endpoint)


def buy(world: World, instance: Instance, *, months: int, renewal: bool) -> None:
    """Buys months for a machine, from the end of those it has."""
    product = catalogue.product_of(instance.product)
    price = monthly_price(product, months)
    instance.ends = max(instance.ends, int(world.moment)) + months * MONTH
    term = world.terms.get(instance.id) or world.terms.add(Term(id=instance.id, created=world.moment))
    term.months = months
    world.expect(world.terms, term, [(instance.ends - world.moment, "!ends")])
    pay(
        world,
        Payment(
            id="",
            kind="monthly_re_buy" if renewal else "monthly_new_buy",
            amount=-price * instance.gpus,
            owner=instance.id,
            product=product.name,
            price=price,
            months=months,
        ),
    )


def pay(world: World, payment: Payment) -> None:
    """Records a payment at the present time. A positive amount is a top-up."""
    payment.id, payment.created = world.new_id("payment", length=24), world.moment
    world.payments.add(payment)
    world.sums.settled += payment.amount
    foresee(world)


def begin_instance(world: World, instance: Instance) -> None:
    """Starts the meter of a machine, unless it runs or the machine is monthly."""
    if instance.meter or instance.billing == "monthly":
        return
    product = catalogue.product_of(instance.product)
    price = (spot_price if instance.billing == "spot" else list_price)(world, product)
    instance.meter = _start(
        world, category="gpu", owner=instance.id, product=product.name, units=instance.gpus, price=price
    )


def end_instance(world: World, instance: Instance) -> None:
    """Stops the meter of a machine."""
    if instance.meter:
        _end(world, instance.meter)
        instance.meter = ""


def begin_disk(world: World, instance: Instance) -> None:
    """Starts the meter of a system disk, unless it runs or the disk is free. A stopped machine still pays.

    The price of the disk of a monthly machine is not documented, so it is free; a CPU machine includes its disk.
    """
    excess = instance.rootfs - FREE_DISK
    if instance.disk_meter or instance.billing == "monthly" or instance.kind == "cpu" or excess <= 0:
        return
    instance.disk_meter = _start(
        world,
        category="cloud_storage",
        owner=instance.id,
        product="Container Disk",
        units=excess,
        price=DISK_PRICE,
        period=DAY,
    )


def end_disk(world: World, instance: Instance) -> None:
    """Stops the meter of a system disk."""
    if instance.disk_meter:
        _end(world, instance.disk_meter)
        instance.disk_meter = ""


def begin_storage(world: World, storage: Storage) -> None:
    """Starts the meter of a storage for its present size, and stops the one before."""
    end_storage(world, storage)
    storage.meter = _start(
        world,
        category="cloud_storage",
        owner=storage.id,
        product="Network Volume",
        units=storage.size,
        price=STORAGE_PRICE,
        period=DAY,
    )


def end_storage(world: World, storage: Storage) -> None:
    """Stops the meter of a storage."""
    if storage.meter:
        _end(world, storage.meter)
        storage.meter = ""


def begin_worker(world: World, endpoint: Endpoint, worker: Worker) -> None:
    """Starts the meter of a worker of an endpoint."""
    product = catalogue.product_of(endpoint.product)
    worker.meter = _start(
        world,
        category="serverless",
        owner=endpoint.id,
        product=product.name,
        units=endpoint.gpus,
        price=list_price(world, product),
    )


def end_worker(world: World, worker: Worker) -> None:
    """Stops the meter of a worker."""
    if worker.meter:
        _end(world, worker.meter)
        worker.meter = ""


def _start(world: World, *, category: str, owner: str, product: str, units: int, price: int, period: int = 3600) -> str:
    meter = Meter(
        id=world.new_id("meter", length=24),
        created=world.moment,
        category=category,
        owner=owner,
        product=product,
        units=units,
        price=price,
        period=period,
        since=int(world.moment),
    )
    world.meters.add(meter)
    count_meter(world, meter)
    foresee(world)
    return meter.id


def _end(world: World, key: str) -> None:
    meter = world.meters.get(key)
    if meter is None or meter.until:
        return
    by_day = meter.price * meter.units * (DAY // meter.period)
    meter.until = int(world.moment)
    world.sums.settled -= meter_cost(meter, world.moment)
    world.sums.rate -= by_day
    world.sums.begun -= by_day * meter.since
    world.meters.touch(meter)
    foresee(world)


def count_meter(world: World, meter: Meter) -> None:
    """Adds a meter to the sums: a running one to the rate, an ended one to the settled costs."""
    if meter.until:
        world.sums.settled -= meter_cost(meter, meter.until)
        return
    by_day = meter.price * meter.units * (DAY // meter.period)
    world.sums.rate += by_day
    world.sums.begun += by_day * meter.since
