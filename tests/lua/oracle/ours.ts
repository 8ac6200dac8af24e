import {
  compile,
  createEnvironment,
  type Environment,
  type IoOptions,
  LuaError,
  LuaStopError,
  LuaSyntaxError,
  type LuaValue,
} from '@sallyport/lua';
import type { Outcome } from './outcome.ts';

/** Runs each chunk in our engine, each with fresh globals, as `lua51` does in Debian's. */
export async function ours(chunks: readonly string[], io: IoOptions = {}): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const chunk of chunks) outcomes.push(await run(chunk, io));
  return outcomes;
}

async function run(chunk: string, io: IoOptions): Promise<Outcome> {
  let output = '';
  const environment = createEnvironment({
    io,
    print: (text) => {
      output += text;
    },
  });
  try {
    const program = compile(chunk, { name: '=snippet' });
    await environment.call(environment.load(program), [], { limits: { cpu: 60_000 } });
  } catch (error) {
    if (error instanceof LuaSyntaxError) return { status: 'refused', output, error: error.message };
    if (error instanceof LuaStopError) return { status: 'error', output, error: error.message };
    if (!(error instanceof LuaError)) throw new Error(`on: ${chunk}`, { cause: error });
    return { status: 'error', output, error: await textOf(environment, error.value) };
  }
  return { status: 'ok', output, error: '' };
}

/** An error value as the driver of lua5.1 reports it. */
async function textOf(environment: Environment, value: LuaValue): Promise<string> {
  if (typeof value === 'string') return value;
  const [type] = await environment.call(environment.globals.get('type'), [value]);
  const text = typeof value === 'object' ? '' : String(value ?? 'nil');
  return `(a ${type} value) ${text}`;
}
