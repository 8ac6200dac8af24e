import { checkNumber, checkString, checkTable, optionalString, toNumber } from '../arguments.ts';
import { plain } from '../builtin.ts';
import type { Runtime } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import type { LuaValue } from '../value.ts';
import { formatMoment, momentOf } from './date.ts';

const clock = plain('clock', (rt) => rt.cpuTime() / 1000);

const difftime = plain(
  'difftime',
  (rt, a, b) => checkNumber(rt, a, 1) - (b === undefined ? 0 : checkNumber(rt, b, 2)),
);

const getenv = plain('getenv', (rt, name) => rt.host.getenv(checkString(rt, name, 1)));

const setlocale = plain('setlocale', (rt, locale) => {
  const wanted = optionalString(rt, locale, 1, 'C');
  return wanted === '' || wanted === 'C' || wanted === 'POSIX' ? 'C' : undefined;
});

const date = plain('date', (rt, format, time) => {
  let text = optionalString(rt, format, 1, '%c');
  const seconds =
    time === undefined ? Math.floor(rt.host.now() / 1000) : Math.trunc(checkNumber(rt, time, 2));
  const utc = text.startsWith('!');
  if (utc) text = text.slice(1);
  if (Math.abs(seconds) > 8_640_000_000_000) return undefined;
  const moment = momentOf(seconds, utc);
  if (!text.startsWith('*t')) return formatMoment(rt, text, moment, utc);
  const table = new LuaTable();
  const { sec, min, hour, day, month, year, wday, yday, isdst } = moment;
  for (const [key, value] of Object.entries({
    sec,
    min,
    hour,
    day,
    month,
    year,
    wday,
    yday,
    isdst,
  })) {
    table.put(key, value);
  }
  return table;
});

function field(rt: Runtime, table: LuaTable, key: string, absent: number | undefined): number {
  const value = toNumber(rt, table.get(key));
  if (value !== undefined) return Math.trunc(value);
  if (absent === undefined) throw rt.error(`field '${key}' missing in date table`);
  return absent;
}

const time = plain('time', (rt, t): LuaValue => {
  if (t === undefined) return Math.floor(rt.host.now() / 1000);
  const table = checkTable(rt, t, 1);
  const sec = field(rt, table, 'sec', 0);
  const min = field(rt, table, 'min', 0);
  const hour = field(rt, table, 'hour', 12);
  const day = field(rt, table, 'day', undefined);
  const month = field(rt, table, 'month', undefined) - 1;
  const year = field(rt, table, 'year', undefined);
  const local = new Date(2000, 0, 1);
  local.setFullYear(year, month, day);
  local.setHours(hour, min, sec, 0);
  const seconds = Math.floor(local.getTime() / 1000);
  return Number.isNaN(seconds) ? undefined : seconds;
});

/** The part of `os` that touches nothing outside the script. */
export const OS = { clock, date, difftime, getenv, setlocale, time };
