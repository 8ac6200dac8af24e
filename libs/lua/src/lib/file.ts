import { closeSync } from 'node:fs';
import { checkString, optionalInteger, optionalString, typeMismatch } from '../arguments.ts';
import { plain } from '../builtin.ts';
import type { Builtin } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { textToNumber } from '../strings/text-number.ts';
import { Userdata } from '../userdata.ts';
import { type LuaValue, NONE } from '../value.ts';
import { DiskStream, type Stream } from './stream.ts';
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

/** Reads by formats, which are arguments from `first` on; stops with nil at the first that finds nothing. */
export function readValues(
  rt: Runtime,
  stream: Stream,
  formats: LuaValue[],
  first: number,
): LuaValue[] {
  if (formats.length === 0) return [stream.line()];
  const values: LuaValue[] = [];
  for (const [i, format] of formats.entries()) {
    const value = readOne(rt, stream, format, first + i);
    values.push(value);
    if (value === undefined) break;
  }
  return values;
}

function readOne(rt: Runtime, stream: Stream, format: LuaValue, n: number): LuaValue {
  if (typeof format === 'number') {
    rt.grow(format);
    return stream.read(Math.max(0, Math.trunc(format))) ?? undefined;
  }
  const text = checkString(rt, format, n);
  if (!text.startsWith('*')) throw rt.argError(n, 'invalid option');
  switch (text.charAt(1)) {
    case 'l':
      return stream.line();
    case 'a':
      return stream.read(Number.MAX_SAFE_INTEGER) ?? '';
    case 'n': {
      const line = stream.line();
      return line === undefined ? undefined : textToNumber(line.trim().split(/\s/)[0] ?? '');
    }
    default:
      throw rt.argError(n, 'invalid format');
  }
}

export function writeValues(rt: Runtime, stream: Stream, values: LuaValue[], first: number): void {
  for (const [i, value] of values.entries()) stream.write(checkString(rt, value, first + i));
}

const close = plain('close', (rt, file) => {
  const stream = streamOf(rt, file);
  handleOf(rt, file).closed = true;
  if (stream instanceof DiskStream) closeSync(stream.fd);
  return true;
});

const lines = plain('lines', (rt, file) => {
  streamOf(rt, file);
  return plain('lines', (inner) => streamOf(inner, file).line() ?? NONE);
});

const seek = plain('seek', (rt, file, whence, offset) => {
  const stream = streamOf(rt, file);
  const from = optionalString(rt, whence, 2, 'cur');
  if (!['set', 'cur', 'end'].includes(from)) throw rt.argError(2, `invalid option '${from}'`);
  return stream.seek(from, optionalInteger(rt, offset, 3, 0)) ?? [undefined, 'Illegal seek', 29];
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
  write: plain('write', (rt, file, ...values) => {
    writeValues(rt, streamOf(rt, file), values, 2);
    return true;
  }),
  __tostring: plain('__tostring', (rt, file) => {
    const handle = handleOf(rt, file);
    return handle.closed
      ? 'file (closed)'
      : rawText(rt, file).replace(/^userdata: (.*)/, 'file ($1)');
  }),
};
