/** ISO 8601 text from the injected clock's milliseconds, without the global Date. */

const DAY_MS = 86_400_000;

/** `2026-11-21T04:24:48.123Z` for ms since the epoch (years 1970 to 9999). */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  const day = Math.floor(whole / DAY_MS);
  const rest = whole - day * DAY_MS;
  const clock = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60, Math.floor(rest / 1000) % 60].map((part) => pad(part, 2)).join(':');
  return `${isoDate(day)}T${clock}.${pad(rest % 1000, 3)}Z`;
}

/** Days since the epoch to a civil date; Howard Hinnant, https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
function isoDate(day: number): string {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return [pad(year, 4), pad(month, 2), pad(dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1, 2)].join('-');
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
