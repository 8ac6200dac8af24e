import { checkTable } from '../arguments.ts';
import { plain } from '../builtin.ts';
import { luaError } from '../errors.ts';
import { type LuaValue, NONE } from '../value.ts';

/** `next (table [, index])`. Known to generic `for`, which then walks the table itself. */
export const next = plain('next', (rt, t, key) => {
  const table = checkTable(rt, t, 1);
  const place = table.after(key);
  if (place === -2) throw luaError("invalid key to 'next'");
  // Skipping removed entries is work.
  if (place !== 0) {
    rt.fuel -= table.skipped >> 4;
    if (rt.fuel < 0) rt.tick();
  }
  return place < 0 ? undefined : [table.keyAt(place), table.valueAt(place)];
});

/** The iterator of `ipairs`, also known to generic `for`. */
export const inext = plain('inext', (rt, t, i) => {
  const table = checkTable(rt, t, 1);
  const key = (typeof i === 'number' ? i : 0) + 1;
  const value = table.get(key);
  return value === undefined ? NONE : [key, value];
});

export const pairs = plain('pairs', (rt, t): LuaValue[] => [next, checkTable(rt, t, 1), undefined]);

export const ipairs = plain('ipairs', (rt, t): LuaValue[] => [inext, checkTable(rt, t, 1), 0]);
