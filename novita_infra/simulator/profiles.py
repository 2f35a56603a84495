"""Profiles: one value decides how the simulator behaves where the documents and the live service disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from novita_infra.simulator.request_schema import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """The behaviour under one profile. PROFILES has the three profiles by name."""

    name: str = "live"
    not_found_status: int = 400
    """The status for absent objects of the GPU family: 400 by the documents; some clients met 404."""
    absent_instance_status: int = 404
    """The status for absent instances: 400 by the documents too, but three clients met 404."""
    undecodable_reason: str = "CODEC"
    """The reason for a body that is not JSON."""
    forgiving: bool = True
    """Accepts paths, names and types that only existing clients use."""
    closed: bool = False
    """Refuses fields and parameters that the reference does not have."""
    first_page: int = 0
    """The number of the first page in `pageNum` lists, on which the sources disagree."""
    largest_page: int = 1000
    refuses_large_pages: bool = False
    """Whether lists of v2 refuse a larger `limit`, or answer that many. No page says."""
    prices_as_text: bool = True
    """GPU product prices are integers in the documents and decimal strings live."""
    networks_key: str = "networks"
    network_as_object: bool = True
    """A network and its state are objects live, arrays of one in the documents."""
    tells_network_id: bool = False
    """Whether creating a network answers with the network."""
    storage_id_bare: bool = True
    """Creating a storage answers the bare id, not an object."""
    null_when_empty: bool = True
    """An empty storage list is `null`."""
    masked_passwords: bool = True
    """Registry auths are listed with masked passwords."""
    numbers_as_text: bool = True
    """Endpoints answer `freeTimeout`, `maxConcurrent` and `policy.value` as strings."""
    upgrade_starts: bool = True
    """An upgrade of a stopped instance starts it."""
    node_as_object: bool = True
    """The `node` of an instance is an object live, an array of one in the documents."""
    times_in_lists: bool = True
    """Lists of instances have their times, as live, and there is `releaseDataAt`; by the documents, a get has three."""
    templates_show_page: bool = True
    """The list of templates answers `pageSize` and `pageNum`, as live."""
    files_show_more: bool = True
    """The list of files has `has_more`, as the lists of OpenAI. The reference does not have it."""
    blank_billing_mode: bool = True
    """CPU instances have an empty `billingMode`, as in some live answers."""
    ignores_after: bool = False
    """Lists of files and batches show their first page again for each `after`. The reference has no such parameter."""
    shuffles_results: bool = False
    """Results of a batch come in another order than its requests. No page promises an order."""
    batch_words_capital: bool = False
    """Batch statuses are upper case in the reference and lower case in the example answer of the guide."""
    models_in_full: bool = True
    """Entries of the model list have many more fields live than in the documents."""
    trims_texts: bool = False
    """Whether readmes and notes are stored without the blanks around them. No page says so; clients must bear it."""
    empty_bodies: bool = False
    """Writes that create nothing answer zero bytes. The reference has no body for them; live they answer JSON."""
    vague_states: bool = True
    """A start, stop or restart in another status is refused with the bare message `invalid state change`, as live."""
    endpoint_pause: float = 1.5
    """Seconds between two creates of endpoints; an earlier one gets 429, as live. The reference has no such limit."""
    cluster_rests: bool = True
    """After the last endpoint was deleted, creates are refused for 8 to 80 s (`serverless cluster is not active`), as
    live. The reference does not say so."""
    filtered_agents: tuple[str, ...] = ()
    """Patterns over `User-Agent`. The web filter in front of the API refuses such a program with `error code: 1010`, as
    two clients met it."""
    exact_bills: bool = True
    """Bills have exact decimal amounts beside the whole numbers of 1/10000 USD, as live. The reference has none."""
    v1_lists_v2: bool = True
    """Whether the lists of v1 have what was created through v2. No page says so."""
    tells_logs: bool = True
    """Whether answers hold addresses of logs. The reference has the fields, but does not say when they are filled."""
    timings: Mapping[str, Any] = field(default_factory=dict)
    """Durations other than the defaults of `Timings`, where the world is given none. The reference names none."""
    status_words: Mapping[str, str] = field(default_factory=dict)
    """Other words for statuses of instances, also words that no document has."""

    def stored(self, text: str) -> str:
        """A text for people as the service stores it."""
        return text.strip() if self.trims_texts else text

    def reading(self, *, textual: bool = False) -> Reading:
        """The rules for reading requests under this profile."""
        return Reading(forgiving=self.forgiving, closed=self.closed, textual=textual)


_WORDS: Final = {"pending": "toCreate"}
"""`pending` is a word of the live service only."""
_SEEN: Final = {"removing": 145, "cold_start": 420}
"""Deletes of machines take 2 to 3 minutes, and a cold start of a large image about 7, as clients met them."""
LIVE: Final = Quirks(timings=_SEEN)
PROFILES: Final = {
    "live": LIVE,
    "documented": Quirks(
        name="documented",
        empty_bodies=True,
        exact_bills=False,
        absent_instance_status=400,
        times_in_lists=False,
        templates_show_page=False,
        files_show_more=False,
        vague_states=False,
        endpoint_pause=0.0,
        cluster_rests=False,
        undecodable_reason="REQUEST",
        forgiving=False,
        prices_as_text=False,
        networks_key="network",
        network_as_object=False,
        tells_network_id=True,
        null_when_empty=False,
        masked_passwords=False,
        node_as_object=False,
        blank_billing_mode=False,
        batch_words_capital=True,
        models_in_full=False,
        status_words=_WORDS,
    ),
    "strict": Quirks(
        name="strict",
        exact_bills=False,
        times_in_lists=False,
        templates_show_page=False,
        files_show_more=False,
        vague_states=False,
        not_found_status=404,
        undecodable_reason="REQUEST",
        forgiving=False,
        closed=True,
        first_page=1,
        largest_page=100,
        refuses_large_pages=True,
        storage_id_bare=False,
        tells_network_id=True,
        null_when_empty=False,
        masked_passwords=False,
        upgrade_starts=False,
        trims_texts=True,
        shuffles_results=True,
        tells_logs=False,
        blank_billing_mode=False,
        batch_words_capital=True,
        models_in_full=False,
        status_words=_WORDS,
    ),
}
