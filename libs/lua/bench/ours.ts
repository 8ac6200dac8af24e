import {
  compile,
  createEnvironment,
  type Environment,
  hostFunction,
  type LuaValue,
} from '@sallyport/lua';
import { HOST_NAMES, hostAnswer } from './peers.ts';

/** An environment that has run `source` with the host functions of the benchmark. */
export async function opened(source: string): Promise<Environment> {
  const environment = createEnvironment();
  for (const name of HOST_NAMES) {
    environment.globals.set(
      name,
      hostFunction(name, (_context, [n]) => hostAnswer(n as number)),
    );
  }
  environment.globals.set(
    'wait',
    hostFunction('wait', (_context, [n]) => Promise.resolve(hostAnswer(n as number))),
  );
  await environment.call(environment.load(compile(source, { name: '=bench' })));
  return environment;
}

/** The first result of the global function `name`. */
export async function answer(environment: Environment, name: string): Promise<LuaValue> {
  const [value] = await environment.call(environment.globals.get(name));
  return value;
}

/** A program whose environment costs are measured: loaded afresh for each run, as a server does per request. */
export const EMPTY = compile('return 1', { name: '=empty' });
