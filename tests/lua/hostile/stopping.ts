import { compile, createEnvironment, type Limits, LuaStopError } from '@sallyport/lua';
import type { ExecutionContext } from 'ava';

/** Milliseconds that a hostile script may compute. */
const CPU = 200;

/**
 * Asserts that `source` is ended by its limit within 1.5 times that, and that a script beside it gets its work done. What
 * the machine does meanwhile is the machine's: the best of six tries counts.
 */
export async function stopped(
  t: ExecutionContext,
  source: string,
  limits: Limits = { cpu: CPU },
  reason: LuaStopError['reason'] = 'cpu',
): Promise<void> {
  const program = compile(source, { name: '=hostile' });
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 6 && best > 1.5 * CPU; tries++) {
    const environment = createEnvironment({ print: () => {} });
    const start = performance.now();
    const hostile = environment.call(environment.load(program), [], { limits });
    const [error, beside] = await Promise.all([hostile.catch((e: unknown) => e), harmless()]);
    best = Math.min(best, performance.now() - start);
    t.true(error instanceof LuaStopError, `not stopped, but: ${String(error)}`);
    t.is((error as LuaStopError).reason, reason);
    t.is(beside, 5050);
  }
  t.true(best <= 1.5 * CPU, `took ${best} ms`);
}

async function harmless(): Promise<unknown> {
  const environment = createEnvironment();
  const f = environment.load(compile('local s = 0 for i = 1, 100 do s = s + i end return s'));
  const [sum] = await environment.call(f);
  return sum;
}
