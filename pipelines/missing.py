"""Bookings that a complete listing lacks: the service is asked whether they are gone or have only moved.

Missing are those that the model holds and the listing should have shown, and those that only readings which
were then given up have shown (connectors/listing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import ConnectorError
from connectors.listing import evenly
from connectors.page import Page
from pipelines.reading import Reader
from pipelines.sources import Booked
from transforms.warehouse.load import Absence, Stages
from transforms.warehouse.staging import PLACE_BITS, json_of

# Up to this many missing bookings are asked for one by one; more, and one listing without dates is cheaper.
CONFIRM_ONE_BY_ONE = 100

# That listing is believed when the service denies this many of those it lacks, asked for one by one.
SAMPLE = 5


@dataclass(slots=True)
class Search:
    """For the missing bookings of one stream, after `stages.materialise`. `absence`: what should be shown.

    After `confirm`, `absent` is empty when the listing has shown every current booking that it should.
    """

    reader: Reader
    client: Any
    stages: Stages
    absence: Absence
    absent: list[str] = field(default_factory=list)

    def confirm(self) -> str | None:
        """Stage the missing bookings that the service still has. Returns why none of them counts as gone."""
        missing = self._missing()
        if not missing:
            return None
        try:
            if len(missing) <= CONFIRM_ONE_BY_ONE:
                self._stage(self._show(missing.values()), missing)
                return None
            self._stage(self._list_all(), missing)
            return self._contradiction(self._missing())
        except ConnectorError as error:
            return f"{len(missing)} bookings are missing, and the service could not confirm it: {error}"

    def _missing(self) -> dict[str, Booked]:
        """The bookings to ask for, by key. Read-only rows have no address of their own."""
        con, source, since = self.stages.con, self.reader.source.name, self.reader.last_reading
        self.absent = self.stages["core_booking"].absent_keys(source, self.absence, since)
        if not self.absent and not since:
            return {}
        rows = con.execute(
            """
            WITH missing AS (
                SELECT * FROM core_booking_now
                WHERE source_key IN (SELECT unnest(from_json($absent::JSON, '["VARCHAR"]')))
                UNION ALL BY NAME
                SELECT * FROM stage_core_booking AS stage WHERE ordinal < $first
                AND source_key NOT IN (SELECT source_key FROM core_booking_now WHERE source = $source)
            )
            SELECT source_key, person_key, coalesce(work_item_key, project_key, leave_type_key)
            FROM missing WHERE source = $source AND read_only_kind IS NULL ORDER BY source_key
            """,
            {"absent": json_of(self.absent), "source": source, "first": since << PLACE_BITS},
        ).fetchall()
        return {row[0]: Booked(*row) for row in rows}

    def _stage(self, pages: Iterable[Page], missing: dict[str, Booked]) -> None:
        for page in list(pages):  # all of them, or none when the search ends early
            self.reader.add_missing(page, missing)
        self.stages.materialise()

    def _show(self, bookings: Iterable[Booked]) -> Iterator[Page]:
        for booking in bookings:
            page = self.reader.source.show(self.client, booking)
            if page is not None:
                yield page

    def _list_all(self) -> Iterator[Page]:
        listing = self.client.list(self.reader.stream.name)
        yield from listing
        if not listing.complete:
            raise ConnectorError(
                f"a listing without dates stayed incomplete: {listing.incomplete_reason}",
                service=self.reader.source.name,
            )

    def _contradiction(self, missing: dict[str, Booked]) -> str | None:
        """What is wrong with a listing that lacks these, if the service shows one of them after all."""
        for booking in evenly(list(missing.values()), SAMPLE):
            if self.reader.source.show(self.client, booking) is not None:
                return (
                    f"two listings lack {len(missing)} bookings, and yet the service shows one of them "
                    f"({booking.source_key}) when asked for it: its listings cannot be believed"
                )
        return None
