import { setImmediate as turn } from 'node:timers/promises';
import {
  type CallOptions,
  compile,
  createEnvironment,
  type Environment,
  type EnvironmentOptions,
  hostFunction,
  type LuaValue,
} from '@sallyport/lua';

/** An environment whose host functions wait: `later(...)` gives its arguments back after a turn of the event loop. */
export function waitingEnvironment(options: EnvironmentOptions = {}): Environment {
  const environment = createEnvironment(options);
  environment.globals.set(
    'later',
    hostFunction('later', async (_context, args) => {
      await turn();
      return args;
    }),
  );
  environment.globals.set(
    'fails',
    hostFunction('fails', async (_context, args) => {
      await turn();
      throw new Error(String(args[0]));
    }),
  );
  return environment;
}

/** What `source` returns in `environment`. */
export function run(
  source: string,
  environment: Environment = waitingEnvironment(),
  options: CallOptions = {},
): Promise<LuaValue[]> {
  return environment.call(environment.load(compile(source, { name: '=script' })), [], options);
}
