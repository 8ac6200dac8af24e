import type { Runtime } from '../runtime.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

/** A moment taken apart, in local time or UTC. */
export interface Moment {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly min: number;
  readonly sec: number;
  /** From 1, Sunday. */
  readonly wday: number;
  /** From 1. */
  readonly yday: number;
  readonly isdst: boolean;
  /** Minutes east of Greenwich. */
  readonly offset: number;
}

export function momentOf(seconds: number, utc: boolean): Moment {
  const date = new Date(seconds * 1000);
  const offset = utc ? 0 : -date.getTimezoneOffset();
  const shifted = new Date(date.getTime() + offset * 60_000);
  const year = shifted.getUTCFullYear();
  const yday = Math.floor((shifted.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const winter = -Math.max(
    new Date(year, 0, 1).getTimezoneOffset(),
    new Date(year, 6, 1).getTimezoneOffset(),
  );
  return {
    year,
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    min: shifted.getUTCMinutes(),
    sec: shifted.getUTCSeconds(),
    wday: shifted.getUTCDay() + 1,
    yday,
    isdst: !utc && offset !== winter,
    offset,
  };
}

const two = (n: number): string => String(n).padStart(2, '0');

/** What a conversion costs beside a step of a script. */
const STEPS_PER_CONVERSION = 30;

/** `strftime` in the C locale. Unknown conversions are left as they are. */
export function formatMoment(rt: Runtime, format: string, m: Moment, utc: boolean): string {
  let text = '';
  let at = 0;
  for (;;) {
    const percent = format.indexOf('%', at);
    if (percent < 0) return text + format.slice(at);
    rt.spend(STEPS_PER_CONVERSION);
    const letter = format.charAt(percent + 1);
    text += format.slice(at, percent) + (convert(letter, m, utc) ?? `%${letter}`);
    at = percent + 1 + letter.length;
  }
}

function convert(letter: string, m: Moment, utc: boolean): string | undefined {
  const day = DAYS[m.wday - 1] as string;
  const month = MONTHS[m.month - 1] as string;
  const hour12 = m.hour % 12 === 0 ? 12 : m.hour % 12;
  const week = (first: number): number =>
    Math.floor((m.yday + 6 - ((m.wday - 1 - first + 7) % 7)) / 7);
  switch (letter) {
    case 'a':
      return day.slice(0, 3);
    case 'A':
      return day;
    case 'b':
    case 'h':
      return month.slice(0, 3);
    case 'B':
      return month;
    case 'c':
      return `${day.slice(0, 3)} ${month.slice(0, 3)} ${String(m.day).padStart(2)} ${two(m.hour)}:${two(m.min)}:${two(m.sec)} ${m.year}`;
    case 'd':
      return two(m.day);
    case 'D':
    case 'x':
      return `${two(m.month)}/${two(m.day)}/${two(m.year % 100)}`;
    case 'e':
      return String(m.day).padStart(2);
    case 'F':
      return `${m.year}-${two(m.month)}-${two(m.day)}`;
    case 'H':
      return two(m.hour);
    case 'I':
      return two(hour12);
    case 'j':
      return String(m.yday).padStart(3, '0');
    case 'm':
      return two(m.month);
    case 'M':
      return two(m.min);
    case 'n':
      return '\n';
    case 'p':
      return m.hour < 12 ? 'AM' : 'PM';
    case 'r':
      return `${two(hour12)}:${two(m.min)}:${two(m.sec)} ${m.hour < 12 ? 'AM' : 'PM'}`;
    case 'R':
      return `${two(m.hour)}:${two(m.min)}`;
    case 'S':
      return two(m.sec);
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return `${two(m.hour)}:${two(m.min)}:${two(m.sec)}`;
    case 'u':
      return String(m.wday === 1 ? 7 : m.wday - 1);
    case 'U':
      return two(week(0));
    case 'w':
      return String(m.wday - 1);
    case 'W':
      return two(week(1));
    case 'y':
      return two(m.year % 100);
    case 'Y':
      return String(m.year);
    case 'z': {
      const minutes = Math.abs(m.offset);
      return `${m.offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
    }
    case 'Z':
      return utc ? 'GMT' : zoneName(m);
    case '%':
      return '%';
    default:
      return undefined;
  }
}

function zoneName(m: Moment): string {
  const date = new Date(m.year, m.month - 1, m.day, m.hour, m.min, m.sec);
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
