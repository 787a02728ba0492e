"""What marts_pandas.py counts: calendar, bookings and the days of bookings, in pandas.

A day of a person is a row of the calendar, people's days one after the other, so that its number is found by
arithmetic and no join; bookings are sorted by person, which makes everything after it faster.

By the three rules the bench's studio needs: percent of the day's work, hours on every day of work, hours over
all days of work. What a booking has on a day is the difference of two rounded running sums, so that days add
up to the booking to the millisecond.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

HOUR_MS = 3_600_000
FULL_TIME_MS = np.array([8, 8, 8, 8, 8, 0, 0]) * HOUR_MS
HOURS = ["booked_ms", "tentative_ms", "billable_ms"]

Tables = dict[str, pd.DataFrame]


def person_calendar(people: pd.DataFrame, weeks: pd.DataFrame, day: pd.Series) -> pd.DataFrame:
    """person_key, day, contracted_ms, full_time_ms. Grain: person, day."""
    hours = weeks.set_index("person_key").hours_per_day.reindex(people.person_key)
    week_ms = (np.vstack(hours.to_numpy()).astype("float64") * HOUR_MS).round().astype("int64")
    key = pd.Categorical(people.person_key, categories=people.person_key)
    return pd.DataFrame(
        {
            "person_key": key.repeat(len(day)),
            "day": np.tile(day, len(people)),
            "contracted_ms": week_ms[:, day.dt.day_of_week].ravel(),
            "full_time_ms": np.tile(FULL_TIME_MS[day.dt.day_of_week], len(people)),
        }
    )


def numbered_bookings(given: Tables, day: pd.Series) -> pd.DataFrame:
    """The bookings in the order of people, with the row of the calendar each begins in and the days it lasts.

    Keys become categories.
    """
    projects, people = given["project"], given["person"]
    bookings = given["booking"].assign(
        person_key=lambda b: pd.Categorical(b.person_key, categories=people.person_key),
        project_key=lambda b: pd.Categorical(b.project_key, categories=projects.project_key),
        effort_unit=lambda b: b.effort_unit.astype("category"),
    )
    bookings = bookings.sort_values(["person_key", "start_date"], ignore_index=True)
    bookings["is_tentative"] |= projects.is_tentative.to_numpy()[bookings.project_key.cat.codes]
    start = (bookings.start_date - day.iloc[0]).dt.days
    bookings["first_row"] = bookings.person_key.cat.codes.astype("int32") * len(day) + start
    bookings["length"] = (bookings.end_date - bookings.start_date).dt.days + 1
    return bookings


def booking_days(bookings: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """booking_id, calendar_row, HOURS. Grain: booking, day with hours, in this order."""
    length = bookings.length.to_numpy()
    booking_id = np.repeat(np.arange(len(bookings), dtype="int32"), length)
    to_row = (bookings.first_row - length.cumsum() + length).astype("int32")
    calendar_row = np.arange(len(booking_id), dtype="int32") + np.repeat(to_row, length)
    work_ms = calendar.contracted_ms.to_numpy()[calendar_row]
    works = work_ms > 0
    days = pd.DataFrame({"booking_id": booking_id[works], "calendar_row": calendar_row[works]})
    days["booked_ms"] = spread(bookings, days.booking_id.to_numpy(), work_ms[works])
    for part in ("tentative", "billable"):
        days[f"{part}_ms"] = days.booked_ms.where(bookings[f"is_{part}"].to_numpy()[days.booking_id], 0)
    return days


def spread(bookings: pd.DataFrame, booking_id: np.ndarray, work_ms: np.ndarray) -> np.ndarray:
    """The hours of each day of each booking, in milliseconds."""
    is_percent = (bookings.effort_unit == "percent").to_numpy()
    is_daily = (bookings.effort_unit == "hours_per_day").to_numpy()
    amount = (bookings.effort_amount.to_numpy() * np.where(is_percent, 1_000_000, HOUR_MS)).round()
    amount = amount.astype("int64")[booking_id]
    of_booking = pd.Series(work_ms).groupby(booking_id)
    whole = of_booking.sum().reindex(bookings.index, fill_value=1).mask(is_percent, 1_000_000)
    whole = whole.to_numpy()[booking_id]
    until = pd.Series((2 * amount * of_booking.cumsum().to_numpy() + whole) // (2 * whole))
    shared = until - until.groupby(booking_id).shift(fill_value=0)
    return np.where(is_daily[booking_id], amount, shared)
