import {
  connect,
  credsAuthenticator,
  errors,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
  type PublishOptions,
  type Subscription,
} from '@nats-io/transport-node';
import type { Clock, SallyportError } from '@sallyport/runtime';
import { BusClosedError, BusUnavailableError } from '../errors.ts';
import type { NatsSettings } from './config.ts';
import {
  BusCredentialsError,
  BusListenerError,
  BusPermissionError,
  BusProtocolError,
} from './errors.ts';
import { tlsOptions } from './tls.ts';

/** Told what goes wrong where nobody waits. `subject` is the broker's, empty when it isn't about one. */
export type OnError = (error: SallyportError, subject: string) => void;

export type ConnectionState = 'ready' | 'reconnecting' | 'closed';

/** Pause before the next try to reconnect: longer the longer it has lasted, never more than this. */
const LONGEST_PAUSE_MS = 2000;
const utf8 = new TextEncoder();

/** Where core messages of one subject go. */
interface Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: Msg) => void;
  /** The client's own; undefined after the broker refused it. */
  subscription: Subscription | undefined;
  refused: BusPermissionError | undefined;
}

/** A core subscription that is made again after every reconnection, until it is ended. */
export interface Listening {
  /** Nothing more comes from now on. */
  close(): void;
  /** Resolves when everything the broker had sent before it heard of the end has been handed over. */
  drain(): Promise<void>;
}

/**
 * The connection, kept alive for ever. The client reconnects; this adds what it leaves open: a truthful `connected`,
 * subscriptions that survive a refusal, listeners that can throw without killing its reader, and words for errors.
 */
export class Connection implements AsyncDisposable {
  readonly #client: NatsConnection;
  readonly #clock: Clock;
  readonly #onError: OnError;
  readonly #listeners = new Set<Listener>();
  readonly #watchers = new Set<(connected: boolean) => void>();
  readonly #refusals = new Set<(refused: BusPermissionError) => void>();
  #state: ConnectionState = 'ready';
  #ended: Promise<void>;

  private constructor(client: NatsConnection, clock: Clock, onError: OnError) {
    this.#client = client;
    this.#clock = clock;
    this.#onError = onError;
    this.#ended = this.#watch();
  }

  /** Resolves once connected; rejects with `BusUnavailableError` or {@link BusCredentialsError} when it can't be. */
  static async open(settings: NatsSettings, clock: Clock, onError: OnError): Promise<Connection> {
    const down = { since: 0 };
    try {
      const client = await connect({
        servers: [...settings.servers],
        name: settings.service,
        inboxPrefix: `_INBOX_${settings.service}`,
        timeout: settings.connectTimeoutMs,
        maxReconnectAttempts: -1,
        // A rotated password must not end the process that waits for its new configuration.
        ignoreAuthErrorAbort: true,
        reconnectDelayHandler: () => {
          const now = clock.monotonic();
          if (down.since === 0) down.since = now;
          const pause = Math.min(LONGEST_PAUSE_MS, 20 + (now - down.since) / 4);
          return pause * (0.75 + Math.random() / 2);
        },
        pingInterval: 10_000,
        noAsyncTraces: true,
        ...tlsOptions(settings),
        ...authentication(settings),
      });
      const connection = new Connection(client, clock, onError);
      connection.onConnection(() => {
        down.since = 0;
      });
      return connection;
    } catch (cause) {
      if (cause instanceof errors.AuthorizationError) {
        throw new BusCredentialsError(
          `the broker at ${settings.servers.join(', ')} refuses the credentials of '${settings.service}'`,
          { cause },
        );
      }
      throw new BusUnavailableError(
        `the broker at ${settings.servers.join(', ')} must be reachable: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** The client itself, for calls that go through its own request. */
  get client(): NatsConnection {
    return this.#client;
  }

  get clock(): Clock {
    return this.#clock;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get connected(): boolean {
    return this.#state === 'ready';
  }

  /** The broker's limit of one message, headers included. */
  get maxPayload(): number {
    return this.#client.info?.max_payload ?? 1024 * 1024;
  }

  onConnection(listener: (connected: boolean) => void): Disposable {
    this.#watchers.add(listener);
    return { [Symbol.dispose]: () => this.#watchers.delete(listener) };
  }

  /** Called for every publish that the broker refused. */
  onRefusal(listener: (refused: BusPermissionError) => void): Disposable {
    this.#refusals.add(listener);
    return { [Symbol.dispose]: () => this.#refusals.delete(listener) };
  }

  report(error: SallyportError, subject: string): void {
    this.#onError(error, subject);
  }

  /** False when it couldn't be handed to the connection: away, closed, or too large (reported). */
  publish(subject: string, body: Uint8Array, options?: PublishOptions): boolean {
    if (this.#state !== 'ready') return false;
    try {
      this.#client.publish(subject, body, options);
      return true;
    } catch (cause) {
      this.#onError(
        new BusProtocolError(`message of ${body.length} bytes wasn't sent: ${text(cause)}`, {
          cause,
        }),
        subject,
      );
      return false;
    }
  }

  /** Resolves when the broker knows of it, if need be after a reconnection; rejects when it refuses. */
  async listen(
    subject: string,
    onMessage: (message: Msg) => void,
    queue?: string,
  ): Promise<Listening> {
    if (this.#state === 'closed') throw new BusClosedError('the bus is closed');
    const listener: Listener = {
      ...{ subject, queue, onMessage },
      ...{ subscription: undefined, refused: undefined },
    };
    this.#listeners.add(listener);
    try {
      this.#subscribe(listener);
      await this.settled();
      if (listener.refused !== undefined) throw listener.refused;
    } catch (error) {
      this.#close(listener);
      throw error;
    }
    return {
      close: () => this.#close(listener),
      drain: async () => {
        this.#listeners.delete(listener);
        const { subscription } = listener;
        if (subscription === undefined || subscription.isClosed()) return;
        if (this.#state === 'ready') await subscription.drain();
        else subscription.unsubscribe();
      },
    };
  }

  /** Resolves when the broker has processed everything sent before, on a connection that held all the while. */
  async settled(): Promise<void> {
    for (;;) {
      if (this.#state === 'closed') throw new BusClosedError('the bus is closed');
      if (this.#state === 'ready') {
        const { promise: lost, resolve } = Promise.withResolvers<'lost'>();
        using _watch = this.onConnection(() => resolve('lost'));
        const flushed = this.#client.flush().then(
          () => 'flushed',
          () => 'lost',
        );
        if ((await Promise.race([flushed, lost])) === 'flushed') return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        using _watch = this.onConnection(() => resolve());
        await promise;
      }
    }
  }

  /** Sends what was handed over, then closes. Listeners must have been drained before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#state === 'ready') {
      const { promise: lost, resolve } = Promise.withResolvers<void>();
      using _watch = this.onConnection(() => resolve());
      // A connection lost now has nothing more to send.
      await Promise.race([this.#client.flush().catch(() => {}), lost]);
    }
    this.#become('closed');
    await this.#client.close();
    await this.#ended;
  }

  #subscribe(listener: Listener): void {
    listener.refused = undefined;
    listener.subscription = this.#client.subscribe(listener.subject, {
      ...(listener.queue === undefined ? {} : { queue: listener.queue }),
      callback: (error, message) => {
        if (error !== null) {
          listener.subscription = undefined;
          listener.refused = new BusPermissionError('subscribe', listener.subject, {
            cause: error,
          });
          return;
        }
        try {
          listener.onMessage(message);
        } catch (cause) {
          // Thrown further it would end the client's reader without a word.
          this.#onError(
            new BusListenerError(`a listener failed: ${text(cause)}`, { cause }),
            message.subject,
          );
        }
      },
    });
  }

  #close(listener: Listener): void {
    this.#listeners.delete(listener);
    if (listener.subscription?.isClosed() === false) listener.subscription.unsubscribe();
    listener.subscription = undefined;
  }

  async #watch(): Promise<void> {
    for await (const status of this.#client.status()) {
      if (status.type === 'disconnect') this.#become('reconnecting');
      else if (status.type === 'reconnect') this.#become('ready');
      else if (status.type === 'error') this.#failed(status.error);
    }
  }

  #failed(error: Error): void {
    if (error instanceof errors.PermissionViolationError) {
      const operation = error.operation === 'publish' ? 'publish' : 'subscribe';
      const refused = new BusPermissionError(operation, error.subject, { cause: error });
      if (operation === 'publish') for (const told of this.#refusals) told(refused);
      this.#onError(refused, error.subject);
    } else if (
      error instanceof errors.AuthorizationError ||
      error instanceof errors.UserAuthenticationExpiredError
    ) {
      this.#onError(
        new BusCredentialsError(`the broker refuses the credentials: ${error.message}`, {
          cause: error,
        }),
        '',
      );
    } else {
      this.#onError(
        new BusProtocolError(`the broker says '${error.message}'`, { cause: error }),
        '',
      );
    }
  }

  #become(state: ConnectionState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    if (state === 'ready') {
      // The client has subscribed again to what was still open; what the broker had refused may be allowed by now.
      for (const listener of this.#listeners) {
        if (listener.subscription === undefined) this.#subscribe(listener);
      }
    }
    for (const watcher of this.#watchers) watcher(state === 'ready');
  }
}

function authentication({ auth }: NatsSettings) {
  if (auth === undefined) return {};
  if ('user' in auth) return { user: auth.user, pass: auth.password };
  if ('nkeySeed' in auth) return { authenticator: nkeyAuthenticator(utf8.encode(auth.nkeySeed)) };
  return { authenticator: credsAuthenticator(utf8.encode(auth.creds)) };
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
