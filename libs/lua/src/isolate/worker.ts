import { parentPort, workerData } from 'node:worker_threads';
import type { Program } from '../codegen/compile.ts';
import { compile } from '../compile.ts';
import { createEnvironment, type Environment } from '../environment.ts';
import { hostFunction, hostGenerator } from '../host-function.ts';
import { LuaTable } from '../table.ts';
import type { LuaValue } from '../value.ts';
import { errorOf, failureOf } from './failure.ts';
import { type FromWorker, pack, type ToWorker, unpack, type WorkerSetup } from './wire.ts';

/** Compiled sources kept. */
const KEPT = 256;
/** The host function behind `require`, `loadfile` and `dofile`; its name can't be a script's. */
const RESOLVE = '\0resolve';

const setup = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error('isolate/worker.ts runs in a worker thread only');
const send = (message: FromWorker): void => port.postMessage(message);

const programs = new Map<string, Program>();
const runs = new Map<number, AbortController>();
const calls = new Map<
  number,
  { resolve: (values: LuaValue[]) => void; reject: (error: Error) => void }
>();
let lastCall = 0;

function program(source: string, name: string, cpu: number | undefined): Program {
  const key = `${name}\0${source}`;
  let known = programs.get(key);
  if (known === undefined) {
    known = compile(source, { name, mode: setup.mode, ...(cpu === undefined ? {} : { cpu }) });
    if (programs.size >= KEPT) programs.delete(programs.keys().next().value as string);
    programs.set(key, known);
  }
  return known;
}

/** A call of the host's function `name`, by message. */
function ask(id: number, name: string, args: LuaValue[]): Promise<LuaValue[]> {
  lastCall += 1;
  const call = lastCall;
  const { promise, resolve, reject } = Promise.withResolvers<LuaValue[]>();
  calls.set(call, { resolve, reject });
  send({ type: 'host', id, call, name, args: pack(args) });
  return promise;
}

function environmentFor(id: number): Environment {
  const environment = createEnvironment({
    mode: setup.mode,
    env: setup.env,
    print: (text) => send({ type: 'print', id, text }),
    ...(setup.path === undefined ? {} : { path: setup.path }),
    ...(setup.io ? { io: {} } : {}),
    ...(setup.resolves
      ? {
          resolve: async (path: string) => {
            const [source] = await ask(id, RESOLVE, [path]);
            return typeof source === 'string' ? source : undefined;
          },
        }
      : {}),
  });
  for (const name of setup.hosts) {
    const parts = name.split('.');
    const last = parts.pop() as string;
    let table = environment.globals;
    for (const part of parts) {
      const next = table.get(part);
      const inner = next instanceof LuaTable ? next : new LuaTable();
      table.set(part, inner);
      table = inner;
    }
    table.set(
      last,
      hostFunction(last, (_context, args) => ask(id, name, args)),
    );
  }
  return environment;
}

/** Runs the chunk, and then its global function `entry` with the arguments. */
function entered(main: LuaValue, entry: string): LuaValue {
  return hostGenerator('run', function* (context, args) {
    yield* context.call(main, []);
    return yield* context.call(context.globals.get(entry), args);
  });
}

async function run(message: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const { id, source, name, entry, args, limits } = message;
  const controller = new AbortController();
  runs.set(id, controller);
  try {
    const environment = environmentFor(id);
    const start = performance.now();
    const main = environment.load(program(source, name, limits.cpu));
    const { cpu = Number.POSITIVE_INFINITY } = limits;
    const options = {
      limits: { ...limits, cpu: Math.max(0, Math.round(cpu + start - performance.now())) },
      signal: controller.signal,
    };
    const given = unpack(args);
    // The chunk and its entry function are one call: what one of them has used up, the other hasn't.
    const whole = entry === undefined ? main : entered(main, entry);
    const result = await environment.call(whole, given, options);
    send({ type: 'done', id, result: pack(result) });
  } catch (error) {
    send({ type: 'failed', id, failure: failureOf(error) });
  } finally {
    runs.delete(id);
  }
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'run':
      void run(message);
      break;
    case 'settled':
      calls.get(message.call)?.resolve(unpack(message.result));
      calls.delete(message.call);
      break;
    case 'failed':
      calls.get(message.call)?.reject(errorOf(message.failure));
      calls.delete(message.call);
      break;
    case 'abort':
      runs.get(message.id)?.abort();
      break;
    case 'ping':
      send({ type: 'alive' });
      break;
  }
});

send({ type: 'alive' });
