import { checkNumber, checkString } from '../arguments.ts';
import { plain } from '../builtin.ts';
import { rawText } from '../lib/text.ts';
import type { Runtime } from '../runtime.ts';
import type { LuaValue } from '../value.ts';
import { formatFloat, formatInteger, formatUnsigned, pad } from './format-number.ts';
import { parseFormat, type Spec } from './format-spec.ts';

/** `string.format (formatstring, ···)`: C's printf. */
export const format = plain('format', (rt, f, ...args) => {
  const pieces = parseFormat(rt, checkString(rt, f, 1));
  let text = '';
  let n = 1;
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as string | Spec;
    if (typeof piece === 'string') {
      text += piece;
      continue;
    }
    n += 1;
    if (n - 1 > args.length) throw rt.argError(n, 'no value');
    if (piece.refused !== undefined) throw rt.error(piece.refused);
    text += directive(rt, piece, args[n - 2], n);
  }
  rt.fuel -= text.length >> 4;
  rt.grow(text.length);
  return text;
});

function directive(rt: Runtime, spec: Spec, value: LuaValue, n: number): string {
  if (rt.mode === 'gopher') {
    const text = gopherText(rt, spec.letter, value);
    if (text !== undefined) return formatText(spec, text);
  }
  switch (spec.letter) {
    case 'd':
    case 'i':
      return formatInteger(spec, checkNumber(rt, value, n));
    case 's':
      return formatText(spec, checkString(rt, value, n));
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return formatUnsigned(spec, checkNumber(rt, value, n));
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return formatFloat(spec, checkNumber(rt, value, n));
    case 'c':
      return formatByte(spec, checkNumber(rt, value, n));
    case 'q':
      return quoted(checkString(rt, value, n));
    default:
      throw rt.error(`invalid option '%${spec.letter}' to 'format'`);
  }
}

/** What Go's Sprintf adds: `%s` and `%v` of any value, `%x` of a text's bytes. Undefined: as C does. */
function gopherText(rt: Runtime, letter: string, value: LuaValue): string | undefined {
  if (letter === 's' || letter === 'v') return rawText(rt, value);
  if (typeof value !== 'string' || (letter !== 'x' && letter !== 'X')) return undefined;
  const hex = Buffer.from(value, 'latin1').toString('hex');
  return letter === 'x' ? hex : hex.toUpperCase();
}

function formatText(spec: Spec, text: string): string {
  if (spec.precision < 0) {
    if (spec.width === 0 && !text.includes('\0')) return text;
    // C hands only short texts to printf, for which they end at a zero byte.
    if (text.length >= 100) return text;
  }
  const zero = text.indexOf('\0');
  const whole = zero < 0 ? text : text.slice(0, zero);
  return pad(spec, spec.precision < 0 ? whole : whole.slice(0, spec.precision));
}

function formatByte(spec: Spec, value: number): string {
  const byte = (value | 0) === Math.trunc(value) ? value & 255 : 0;
  const text = pad(spec, String.fromCharCode(byte));
  return byte === 0 ? text.slice(0, text.indexOf('\0')) : text;
}

/** `text` as Lua source would have it. */
function quoted(text: string): string {
  return `"${text.replace(QUOTED, (char) => QUOTES[char] as string)}"`;
}

const QUOTED = /["\\\n\r\0]/g;
const QUOTES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\\n',
  '\r': '\\r',
  '\0': '\\000',
};
