import type { Admin } from '@sallyport/admin';
import { relayOutbox, type Subscription } from '@sallyport/bus';
import { authDecided, privacyFilter } from '@sallyport/contracts';
import { createPasswords } from '@sallyport/passwords';
import type { Service } from '@sallyport/runtime';
import { openBans } from './bans/bans.ts';
import type { AuthConfig } from './config.ts';
import { createDecider } from './decider.ts';
import { createHttpDoor } from './doors/http.ts';
import { openRpcDoor } from './doors/rpc.ts';
import { AuthStoppedError } from './errors.ts';
import type { AuthPorts } from './ports.ts';
import { createRecorder } from './record/recorder.ts';
import { checkConfig, openStages } from './stages.ts';

export interface Auth extends Service {
  /** Where the HTTP door answers, such as `http://127.0.0.1:9080`, once started. */
  readonly url: string | undefined;
}

/**
 * The service that answers "may X log in?": the pipeline, its doors, the feed `bans`, and the relay of decisions and jobs that
 * left with commits. Any number of instances may run side by side over one store.
 *
 * Throws `ConfigError` (exit 78) for what the schema can't say. Starting rejects with `ConfigError` too when a users file can't be
 * read or has mistakes, `InUseError` when the port of the HTTP door is taken; it doesn't need store or bus to be there.
 */
export function createAuth(ports: AuthPorts, config: AuthConfig): Auth {
  const networks = checkConfig(config);
  const { space, bus, clock, ids, logger, health, reader, version } = ports;
  const life = new AbortController();
  const stack = new AsyncDisposableStack();
  let door: Admin | undefined;
  let answering: Subscription | undefined;

  return {
    name: 'auth',
    get url() {
      return door?.url;
    },
    async start(signal) {
      signal?.throwIfAborted();
      const { concurrency } = config.passwords;
      const { queue, plain } = config.passwords;
      const passwords = stack.use(
        createPasswords(
          { queue, plain, ...(concurrency === undefined ? {} : { concurrency }) },
          ports.engine,
        ),
      );
      const onError = (error: unknown) => logger.warn('decisions wait in the outbox', { error });
      stack.use(
        relayOutbox({ outbox: space.outbox, outgoing: bus.outgoing, clock, parallel: 8, onError }),
      );
      const bans = stack.use(
        await openBans({ space: ports.bans, feeds: bus.feeds, clock, ids, logger }),
      );
      const stages = await openStages(ports, config, networks, { bans, passwords, stack });
      if (stages.backends.length === 0) {
        logger.warn('no backend is configured: every login is a temporary failure', {
          see: 'auth.backends',
        });
      }
      const { durability, timeout: timeoutMs } = config.decisions;
      const treat =
        ports.privacy === undefined ? undefined : privacyFilter(authDecided, ports.privacy);
      const record = createRecorder({
        ...{ space, bus, clock, logger, durability, timeoutMs },
        actions: { bruteForce: config.brute_force.actions, post: config.post_actions },
        treat: (data) => treat?.(data) ?? data,
      });
      const decider = createDecider({
        ...{ stages, record, space, clock, ids, logger },
        stageTimeoutMs: config.stage_timeout,
      });
      answering = stack.use(await openRpcDoor({ rpc: bus.rpc, reader, decider, ...config.rpc }));
      door = stack.use(
        createHttpDoor({ decider, health, logger, version, config, signal: life.signal }),
      );
      await door.start(signal);
      stack.use(health.addReadiness('login doors', () => door?.url !== undefined || 'closed'));
    },
    async drain(signal) {
      const cut = () => life.abort(new AuthStoppedError('auth had no more time to drain'));
      if (signal.aborted) cut();
      signal.addEventListener('abort', cut, { once: true });
      try {
        await Promise.all([answering?.drain(signal), door?.[Symbol.asyncDispose]()]);
      } finally {
        signal.removeEventListener('abort', cut);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
