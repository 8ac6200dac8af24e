import type { Builtin } from '../function.ts';
import { byte, char, dump, len, lower, rep, reverse, sub, upper } from './bytes.ts';
import { find, gmatch, match } from './find.ts';
import { format } from './format.ts';
import { gsub } from './gsub.ts';

/** What the table `string` holds. */
export const stringLibrary: Readonly<Record<string, Builtin>> = {
  byte,
  char,
  dump,
  find,
  format,
  gfind: gmatch,
  gmatch,
  gsub,
  len,
  lower,
  match,
  rep,
  reverse,
  sub,
  upper,
};
