"""The marts of bench/marts.py in pandas, as an analyst would write them; no module of ours is imported.

    PYTHON bench/marts_pandas.py FOLDER      where booking.parquet and availability.parquet are

prints [seconds, processor seconds]. It makes booking-days by the three rules the bench uses (percent, hours
per day, fixed hours over working days), booking totals, person-days with capacity, person-weeks and -months,
project-weeks and -months. It has no history, no leave, no coverage and no second planner.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    folder = Path(sys.argv[1])
    bookings = pd.read_parquet(folder / "booking.parquet")
    weeks = pd.read_parquet(folder / "availability.parquet")
    started, used = time.perf_counter(), time.process_time()
    marts(bookings, weeks)
    print(json.dumps([time.perf_counter() - started, time.process_time() - used]))


def marts(bookings: pd.DataFrame, weeks: pd.DataFrame) -> list[pd.DataFrame]:
    calendar = person_calendar(bookings, weeks)
    days = booking_days(bookings, calendar)
    person_day = calendar.merge(
        days.groupby(["person_key", "day"], as_index=False)["ms"].sum().rename(columns={"ms": "booked_ms"}),
        on=["person_key", "day"],
        how="left",
    ).fillna({"booked_ms": 0})
    person_day["over_ms"] = (person_day.booked_ms - person_day.work_ms).clip(lower=0)
    person_day["free_ms"] = (person_day.work_ms - person_day.booked_ms).clip(lower=0)
    found = [days.groupby("booking")["ms"].sum().to_frame(), person_day]
    for period in ("W-SUN", "M"):
        person_day["period"] = person_day.day.dt.to_period(period)
        sums = ["booked_ms", "work_ms", "over_ms", "free_ms"]
        found.append(person_day.groupby(["person_key", "period"], as_index=False)[sums].sum())
        days["period"] = days.day.dt.to_period(period)
        work = days.groupby(["project_key", "person_key", "period"], as_index=False)["ms"].sum()
        found.append(work.groupby(["project_key", "period"]).agg(ms=("ms", "sum"), people=("ms", "size")))
    return found


def person_calendar(bookings: pd.DataFrame, weeks: pd.DataFrame) -> pd.DataFrame:
    """person_key, day, work_ms."""
    days = pd.date_range(bookings.start_date.min(), bookings.end_date.max())
    hours = np.vstack(weeks.hours_per_day.map(lambda row: np.array(row, dtype=float)))
    return pd.DataFrame(
        {
            "person_key": np.repeat(weeks.person_key.to_numpy(), len(days)),
            "day": np.tile(days.to_numpy(), len(weeks)),
            "work_ms": (hours[:, days.day_of_week] * 3_600_000).astype("int64").ravel(),
        }
    )


def booking_days(bookings: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """booking, person_key, project_key, day, ms."""
    start = pd.to_datetime(bookings.start_date).to_numpy()
    length = (pd.to_datetime(bookings.end_date).to_numpy() - start).astype("timedelta64[D]").astype(int) + 1
    row = np.repeat(np.arange(len(bookings)), length)
    offset = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length)
    days = pd.DataFrame(
        {
            "booking": row,
            "person_key": bookings.person_key.to_numpy()[row],
            "project_key": bookings.project_key.to_numpy()[row],
            "day": start[row] + offset.astype("timedelta64[D]"),
        }
    ).merge(calendar[calendar.work_ms > 0], on=["person_key", "day"])
    amount = bookings.effort_amount.astype(float).to_numpy()[days.booking]
    unit = bookings.effort_unit.to_numpy()[days.booking]
    whole = days.groupby("booking")["work_ms"].transform("sum")
    share = np.where(unit == "percent", amount * days.work_ms, amount * 3_600_000)
    days["ms"] = np.where(unit == "hours_total", amount * 3_600_000 * days.work_ms / whole, share).round()
    return days


if __name__ == "__main__":
    main()
