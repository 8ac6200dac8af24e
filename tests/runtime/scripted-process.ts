/**
 * A process for the tests of run(): what its services do comes as JSON in argv. Each step is a line on stdout
 * that starts with `>`, so that a test can wait for it and see the order.
 */
import {
  type Assembly,
  createLogger,
  type Life,
  loadConfig,
  run,
  type Service,
} from '@sallyport/runtime';

interface Script {
  readonly drainMs?: number;
  readonly crashDrainMs?: number;
  readonly forceAfterMs?: number;
  readonly reload?: 'ok' | 'fails';
  /** Writes a log line every millisecond. */
  readonly chatter?: boolean;
  readonly stdoutReaderGone?: boolean;
  readonly badConfig?: boolean;
  readonly services: readonly {
    readonly name: string;
    readonly start?: 'fails' | 'waits' | { readonly code: string } | { readonly wrapped: string };
    readonly drain?: 'fails' | 'forever' | 'until-aborted' | number;
    readonly dispose?: 'fails' | 'forever';
    /** Tells the process, once started, that it can't go on, with this code. */
    readonly gone?: string;
    readonly crash?: 'throws' | 'rejects' | 'again-and-again';
  }[];
}

const script = JSON.parse(process.argv[2] ?? '{}') as Script;
const step = (text: string) => process.stdout.write(`> ${text}\n`);
const forever = () => new Promise<never>(() => {});

function scripted(part: Script['services'][number], life: Life): Service {
  return {
    name: part.name,
    async start(signal) {
      step(`start ${part.name}`);
      if (part.start === 'fails') throw new Error('start was told to fail');
      if (part.start === 'waits') {
        await new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason)),
        );
      }
      if (typeof part.start === 'object') {
        const code = 'code' in part.start ? part.start.code : part.start.wrapped;
        const inner = Object.assign(new Error('has a code'), { code });
        throw 'code' in part.start ? inner : new Error('outer', { cause: inner });
      }
      const crash = () => {
        throw Object.assign(new Error('crash'), { password: 'hunter2' });
      };
      const { gone } = part;
      if (gone !== undefined) {
        setTimeout(() => life.fail(Object.assign(new Error('gone'), { code: gone })), 1);
      }
      if (part.crash === 'throws') setTimeout(crash, 1);
      if (part.crash === 'rejects') void Promise.reject(new Error('crash'));
      if (part.crash === 'again-and-again') setInterval(crash, 1);
    },
    async drain(signal) {
      const ready = await life.health.ready();
      step(`drain ${part.name} ready=${ready.ok}`);
      if (part.drain === 'fails') throw new Error('drain was told to fail');
      if (part.drain === 'forever') await forever();
      if (part.drain === 'until-aborted') {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }
      if (typeof part.drain === 'number') {
        await new Promise((resolve) => setTimeout(resolve, part.drain as number));
      }
    },
    async [Symbol.asyncDispose]() {
      step(`dispose ${part.name}`);
      if (part.dispose === 'fails') throw new Error('dispose was told to fail');
      if (part.dispose === 'forever') await forever();
    },
  };
}

async function assemble(life: Life): Promise<Assembly> {
  const logger = createLogger({ fields: { service: 'scripted' } });
  life.stack.defer(() => void step('dispose adapter'));
  if (script.badConfig) {
    await loadConfig({ sections: [], files: [{ name: 'bad.yaml', text: 'one: 1\ntwo: 2' }] });
  }
  if (script.chatter) setInterval(() => logger.info('x'.repeat(100)), 1);
  if (script.stdoutReaderGone) {
    // Whether the process still works is told on stderr, as nobody reads stdout.
    setInterval(() => console.log('also by console.log'), 5);
    process.stderr.write('> up\n');
  }
  return {
    services: script.services.map((part) => scripted(part, life)),
    logger,
    ...(script.drainMs === undefined ? {} : { drainMs: script.drainMs }),
    ...(script.reload === undefined
      ? {}
      : {
          reload: async () => {
            step('reload');
            if (script.reload === 'fails') throw new Error('reload was told to fail');
          },
        }),
  };
}

setTimeout(() => {
  // Printed when the services had their turn: tests wait for it before they send a signal.
  step('settled');
}, 150);

await run(assemble, {
  crashDrainMs: script.crashDrainMs ?? 1000,
  forceAfterMs: script.forceAfterMs ?? 100,
  exitCodes: { SP_ERR_OF_A_TEST: 42 },
});
