import { closeSync, openSync } from 'node:fs';
import { checkString, optionalString } from '../arguments.ts';
import { plain } from '../builtin.ts';
import type { Builtin } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import { Userdata } from '../userdata.ts';
import { type LuaResult, type LuaValue, NONE } from '../value.ts';
import {
  FILE_METHODS,
  type FileHandle,
  nextLine,
  readValues,
  streamOf,
  writeValues,
} from './file.ts';
import { DiskStream, type Stream, TextStream } from './stream.ts';
import { systemError } from './system-error.ts';

/** What scripts may do with files. */
export interface IoOptions {
  /** Whether `io.open` and `io.lines` reach the disk; with what the process may. Without, only the streams exist. */
  readonly files?: boolean;
  /** What `io.read` reads, a byte string; empty by default. */
  readonly input?: string;
}

const MODES = /^[rwa]\+?b?$/;

/** `io` of an environment. Its streams are the environment's own: standard output goes where `print` goes. */
export function createIo(rt: Runtime, options: IoOptions): LuaTable {
  const mt = new LuaTable();
  for (const [name, method] of Object.entries(FILE_METHODS)) mt.put(name, method);
  mt.put('__index', mt);
  const handle = (stream: Stream): Userdata =>
    new Userdata({ stream, closed: false } satisfies FileHandle, mt);
  const stdin = handle(new TextStream(options.input ?? '', undefined));
  const stdout = handle(new TextStream('', (text) => rt.host.print(text)));
  const stderr = handle(new TextStream('', (text) => process.stderr.write(text, 'latin1')));
  let input = stdin;
  let output = stdout;

  const openFile = (path: string, mode: string): LuaResult => {
    if (options.files !== true) return [undefined, `${path}: Permission denied`, 13];
    try {
      return handle(
        new DiskStream(openSync(Buffer.from(path, 'latin1'), mode.replace('b', '')), mode),
      );
    } catch (error) {
      return failure(path, error);
    }
  };
  /** Opens what `value` names, or takes the handle it is. */
  const select = (inner: Runtime, value: LuaValue, mode: string): Userdata => {
    if (value instanceof Userdata) {
      streamOf(inner, value);
      return value;
    }
    const opened = openFile(checkString(inner, value, 1), mode);
    if (opened instanceof Userdata) return opened;
    throw inner.argError(1, String((opened as LuaValue[])[1]));
  };
  const library: Record<string, Builtin> = {
    close: plain('close', (inner, file) => closeHandle(inner, file ?? output)),
    flush: plain('flush', () => true),
    input: plain('input', (inner, file) => {
      if (file !== undefined) input = select(inner, file, 'r');
      return input;
    }),
    lines: plain('lines', (inner, path) => {
      const file = path === undefined ? input : select(inner, path, 'r');
      return linesOf(file, path !== undefined);
    }),
    open: plain('open', (inner, path, mode) => {
      const name = checkString(inner, path, 1);
      const how = optionalString(inner, mode, 2, 'r');
      if (!MODES.test(how)) return [undefined, `${name}: Invalid argument`, 22];
      return openFile(name, how);
    }),
    output: plain('output', (inner, file) => {
      if (file !== undefined) output = select(inner, file, 'w');
      return output;
    }),
    read: plain('read', (inner, ...formats) =>
      readValues(inner, streamOf(inner, input), formats, 1),
    ),
    type: plain('type', (inner, value) => {
      if (value === undefined && inner.argumentCount() < 1)
        throw inner.argError(1, 'value expected');
      if (!isHandle(value)) return undefined;
      return (value.value as FileHandle).closed ? 'closed file' : 'file';
    }),
    write: plain('write', (inner, ...values) =>
      writeValues(inner, streamOf(inner, output), values, 1),
    ),
  };
  const table = new LuaTable();
  for (const [name, fn] of Object.entries(library)) table.put(name, fn);
  table.put('stdin', stdin);
  table.put('stdout', stdout);
  table.put('stderr', stderr);
  return table;
}

function isHandle(value: LuaValue): value is Userdata {
  return (
    value instanceof Userdata &&
    typeof value.value === 'object' &&
    value.value !== null &&
    'stream' in value.value
  );
}

function closeHandle(rt: Runtime, file: LuaValue): LuaResult {
  const stream = streamOf(rt, file);
  ((file as Userdata).value as FileHandle).closed = true;
  if (stream instanceof DiskStream) closeSync(stream.fd);
  return true;
}

function linesOf(file: Userdata, close: boolean): LuaResult {
  return plain('lines', (rt) => {
    const line = nextLine(rt, file);
    if (line === undefined) {
      if (close) closeHandle(rt, file);
      return NONE;
    }
    return line;
  });
}

function failure(path: string, error: unknown): LuaValue[] {
  const [text, errno] = systemError(error);
  return [undefined, `${path}: ${text}`, errno];
}
