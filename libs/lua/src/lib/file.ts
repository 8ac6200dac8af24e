import { closeSync } from 'node:fs';
import { checkString, optionalInteger, optionalString, typeMismatch } from '../arguments.ts';
import { plain } from '../builtin.ts';
import { LuaError, LuaStopError } from '../errors.ts';
import type { Builtin } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { textToNumber } from '../strings/text-number.ts';
import { Userdata } from '../userdata.ts';
import { type LuaResult, type LuaValue, NONE } from '../value.ts';
import { DiskStream, type Stream } from './stream.ts';
import { systemError } from './system-error.ts';
import { rawText } from './text.ts';

/** What a file handle's userdata holds. */
export interface FileHandle {
  readonly stream: Stream;
  closed: boolean;
}

function handleOf(rt: Runtime, value: LuaValue): FileHandle {
  const held = value instanceof Userdata ? value.value : undefined;
  if (typeof held === 'object' && held !== null && 'stream' in held) return held as FileHandle;
  throw typeMismatch(rt, 1, 'FILE*', value);
}

/** The stream of an open file handle. */
export function streamOf(rt: Runtime, value: LuaValue): Stream {
  const handle = handleOf(rt, value);
  if (handle.closed) throw rt.error('attempt to use a closed file');
  return handle.stream;
}

/** The next line; what the system refuses is an error. */
export function nextLine(rt: Runtime, file: LuaValue): string | undefined {
  const { stream, closed } = handleOf(rt, file);
  if (closed) throw rt.error('file is already closed');
  try {
    return stream.line();
  } catch (error) {
    const [text] = systemError(error);
    throw rt.error(text);
  }
}

/** What `work` gives, or nil and what the system said. */
function attempted(work: () => LuaResult): LuaResult {
  try {
    return work();
  } catch (error) {
    if (error instanceof LuaError || error instanceof LuaStopError) throw error;
    return [undefined, ...systemError(error)];
  }
}

/** Reads by formats, which are arguments from `first` on; stops with nil at the first that finds nothing. */
export function readValues(
  rt: Runtime,
  stream: Stream,
  formats: LuaValue[],
  first: number,
): LuaResult {
  return attempted(() => {
    if (formats.length === 0) return stream.line();
    const values: LuaValue[] = [];
    for (const [i, format] of formats.entries()) {
      const value = readOne(rt, stream, format, first + i);
      values.push(value);
      if (value === undefined) break;
    }
    return values;
  });
}

function readOne(rt: Runtime, stream: Stream, format: LuaValue, n: number): LuaValue {
  if (typeof format === 'number') {
    rt.grow(format);
    const count = Math.trunc(format);
    // Nothing, where there is something to read.
    if (count <= 0) return stream.peek() === '' ? undefined : '';
    return stream.read(count);
  }
  const text = checkString(rt, format, n);
  if (!text.startsWith('*')) throw rt.argError(n, 'invalid option');
  switch (text.charAt(1)) {
    case 'l':
      return stream.line();
    case 'a':
      return stream.read(Number.MAX_SAFE_INTEGER) ?? '';
    case 'n':
      return readNumber(stream);
    default:
      throw rt.argError(n, 'invalid format');
  }
}

/** C's `fscanf("%lf")`: takes bytes as long as they could be the beginning of a number. */
function readNumber(stream: Stream): number | undefined {
  while (/^[ \t\n\v\f\r]$/.test(stream.peek())) stream.read(1);
  let text = '';
  for (let byte = stream.peek(); byte !== '' && NUMBER_BEGINS.test(text + byte); ) {
    text += byte;
    stream.read(1);
    byte = stream.peek();
  }
  return textToNumber(text);
}

const NUMBER_BEGINS =
  /^[+-]?(?:0x[0-9a-f]*\.?[0-9a-f]*(?:p[+-]?[0-9]*)?|[0-9]*\.?[0-9]*(?:(?<=[0-9]\.?)e[+-]?[0-9]*)?|n(?:an?)?|i(?:n(?:f(?:i(?:n(?:i(?:ty?)?)?)?)?)?)?)$/i;

/** Writes arguments from `first` on. */
export function writeValues(
  rt: Runtime,
  stream: Stream,
  values: LuaValue[],
  first: number,
): LuaResult {
  return attempted(() => {
    for (const [i, value] of values.entries()) stream.write(checkString(rt, value, first + i));
    return true;
  });
}

const close = plain('close', (rt, file) => {
  const stream = streamOf(rt, file);
  handleOf(rt, file).closed = true;
  if (stream instanceof DiskStream) closeSync(stream.fd);
  return true;
});

const lines = plain('lines', (rt, file) => {
  streamOf(rt, file);
  return plain('lines', (inner) => nextLine(inner, file) ?? NONE);
});

const seek = plain('seek', (rt, file, whence, offset) => {
  const stream = streamOf(rt, file);
  const from = optionalString(rt, whence, 2, 'cur');
  if (!['set', 'cur', 'end'].includes(from)) throw rt.argError(2, `invalid option '${from}'`);
  return attempted(() => stream.seek(from, optionalInteger(rt, offset, 3, 0)));
});

/** The methods of file handles, with their `__tostring`. */
export const FILE_METHODS: Readonly<Record<string, Builtin>> = {
  close,
  lines,
  seek,
  flush: plain('flush', (rt, file) => {
    streamOf(rt, file);
    return true;
  }),
  read: plain('read', (rt, file, ...formats) => readValues(rt, streamOf(rt, file), formats, 2)),
  setvbuf: plain('setvbuf', (rt, file) => {
    streamOf(rt, file);
    return true;
  }),
  write: plain('write', (rt, file, ...values) => writeValues(rt, streamOf(rt, file), values, 2)),
  __tostring: plain('__tostring', (rt, file) => {
    const handle = handleOf(rt, file);
    return handle.closed
      ? 'file (closed)'
      : rawText(rt, file).replace(/^userdata: (.*)/, 'file ($1)');
  }),
};
