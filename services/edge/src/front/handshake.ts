import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientHello } from '../hello/client-hello.ts';
import { HelloReader, type HelloRefusal } from '../hello/reader.ts';
import { ALERT, fatalAlert } from './alert.ts';
import type { Due } from './deadlines.ts';
import { type Decision, decide, type Within } from './decision.ts';
import { failureReason } from './failure.ts';
import type { FrontParts } from './parts.ts';
import type { ClientAddress, Refusal } from './ports.ts';
import { completedReport, failedReport } from './report.ts';
import type { SecuredConnection } from './secured.ts';

/** Refusals of bytes that aren't TLS get no TLS answer. */
const SILENT = new Set<HelloRefusal>(['plain-http', 'proxy-protocol', 'ssl2-hello', 'not-tls']);

/** An alert gets so long to reach the client before the socket is taken down. */
const LINGER_MS = 1000;

/**
 * One connection from accept to the end of its handshake: peek, decide, hand to a TLS server. It ends exactly once, with one
 * report, and from then on holds no timer and no listener that matters.
 */
export class Handshake implements Due {
  readonly id: string;
  readonly #raw: Socket;
  readonly #parts: FrontParts;
  readonly #client: ClientAddress;
  readonly #started: number;
  readonly #reader: HelloReader;
  readonly #chunks: Buffer[] = [];
  readonly #onData = (chunk: Buffer) => this.#peek(chunk);
  #hello: ClientHello | undefined;
  #decision: Decision | undefined;
  #question: AbortController | undefined;
  /** What happens when the deadline passes. */
  #expired: () => void = () => this.fail('timeout');
  #ended = false;

  constructor(raw: Socket, client: ClientAddress, parts: FrontParts) {
    this.#raw = raw;
    this.#client = client;
    this.#parts = parts;
    this.id = parts.ids.next();
    this.#started = parts.clock.monotonic();
    this.#reader = new HelloReader(parts.settings.hello);
  }

  /** Begins to read. */
  start(): void {
    this.#raw.on('data', this.#onData);
    this.#raw.once('close', () => this.#closed());
    // What goes wrong with the socket is followed by 'close', which ends the handshake.
    this.#raw.on('error', (error) => {
      this.#parts.logger.debug('socket error', { connection: this.id, error });
    });
    this.#parts.deadlines.set(this, this.#parts.settings.helloMs);
  }

  expire(): void {
    this.#expired();
  }

  /** Ends the connection; does nothing when the handshake has ended already. With an alert the client gets to know. */
  fail(reason: string, alert?: number): void {
    if (this.#ended) return;
    this.#end();
    this.#report(failedReport({ ...this.#facts(), reason, alert }));
    const raw = this.#raw;
    if (alert === undefined || raw.destroyed) {
      raw.destroy();
      return;
    }
    this.#expired = () => raw.destroy();
    this.#parts.deadlines.set(this, LINGER_MS);
    raw.once('close', () => this.#parts.deadlines.clear(this));
    // Bytes left unread would turn the close into a reset, and the alert might get lost with it.
    raw.resume();
    raw.end(fatalAlert(alert));
  }

  /** The TLS server says that the handshake failed. */
  failed(error: Error, socket: TLSSocket): void {
    const reason = failureReason(error, socket);
    this.#parts.logger.debug('handshake failed', { connection: this.id, reason, error });
    this.fail(reason);
  }

  /** The TLS server says that the handshake is done. */
  secured(socket: TLSSocket): void {
    const [hello, decision] = [this.#hello, this.#decision];
    if (this.#ended || hello === undefined || decision === undefined) {
      socket.destroy();
      return;
    }
    const { of, challenge } = decision;
    const { policy } = of;
    const read = this.#parts.clientCertificates.read(socket, of.digest, this.id);
    // Also on sessions that are resumed: OpenSSL only remembers that the certificate was good once.
    if (policy.clientCertificate === 'require' && read.certificate?.verified !== true) {
      this.fail('client-certificate');
      return;
    }
    this.#end();
    const secured: SecuredConnection = {
      socket,
      id: this.id,
      handshake: read.handshake,
      client: this.#client,
      serverName: hello.serverName,
      alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
      protocol: socket.getProtocol() ?? 'unknown',
      resumed: socket.isSessionReused(),
      policy,
      clientCertificate: read.certificate,
      hello,
    };
    this.#report(completedReport(secured, this.#elapsed()));
    // The owner of the socket listens too; without this one, an error before it does would end the process.
    socket.on('error', (error) => {
      this.#parts.logger.debug('connection error', { connection: this.id, error });
    });
    if (challenge) socket.end();
    else this.#parts.handOver(secured);
  }

  #closed(): void {
    if (this.#ended) return;
    if (this.#decision === undefined) {
      this.fail('closed');
      return;
    }
    // The TLS server knows why, and says so from a later listener of this very event, which has no context of its own.
    this.#parts.enterContext(this);
    this.#expired = () => this.fail('closed');
    this.#parts.deadlines.set(this, 0);
  }

  #peek(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const reading = this.#reader.push(chunk);
    if (reading.state === 'need-more') return;
    const raw = this.#raw;
    raw.off('data', this.#onData);
    if (reading.state === 'refused') {
      const { reason } = reading;
      this.fail(reason, SILENT.has(reason) ? undefined : alertFor(reason));
      return;
    }
    raw.pause();
    this.#hello = reading.hello;
    this.#goOn(reading.hello).catch((error: unknown) => {
      this.#parts.logger.error('handshake broke', { connection: this.id, error });
      this.fail('internal-error', ALERT.internalError);
    });
  }

  async #goOn(hello: ClientHello): Promise<void> {
    const { ports, settings, servers, deadlines, inContext } = this.#parts;
    const decision = await decide(hello, this.#client, ports, settings.fallback, this.#within);
    if (this.#ended) return;
    if ('refused' in decision) {
      this.fail(decision.refused, decision.alert);
      return;
    }
    this.#decision = decision;
    const server = servers.for(decision.of, decision.certificate, hello);
    this.#expired = () => this.fail('timeout');
    deadlines.set(this, settings.handshakeMs);
    this.#raw.unshift(Buffer.concat(this.#chunks));
    this.#chunks.length = 0;
    inContext(this, () => server.emit('connection', this.#raw));
  }

  readonly #within: Within = async (question, ask) => {
    const { settings, logger, deadlines } = this.#parts;
    const over = new AbortController();
    const late = Promise.withResolvers<Refusal>();
    this.#question = over;
    this.#expired = () => {
      const refused = `${question}-deadline`;
      late.resolve({ refused, alert: ALERT.internalError });
      over.abort();
    };
    const elapsed = this.#elapsed();
    deadlines.set(
      this,
      question === 'policy' ? settings.policyMs : Math.max(0, settings.certificateMs - elapsed),
    );
    try {
      return await Promise.race([ask(over.signal), late.promise]);
    } catch (error) {
      logger.error(`asking for the ${question} failed`, {
        connection: this.id,
        serverName: this.#hello?.serverName,
        error,
      });
      return { refused: `${question}-error`, alert: ALERT.internalError };
    } finally {
      deadlines.clear(this);
    }
  };

  #end(): void {
    this.#ended = true;
    this.#raw.off('data', this.#onData);
    this.#parts.deadlines.clear(this);
    this.#question?.abort();
    this.#chunks.length = 0;
    this.#parts.ended(this);
  }

  #report(report: ReturnType<typeof failedReport>): void {
    this.#parts.report(report);
  }

  #facts() {
    return {
      id: this.id,
      client: this.#client,
      serverName: this.#hello?.serverName,
      durationMs: this.#elapsed(),
    };
  }

  #elapsed(): number {
    return this.#parts.clock.monotonic() - this.#started;
  }
}

function alertFor(reason: HelloRefusal): number {
  return reason === 'bad-server-name' ? ALERT.unrecognizedName : ALERT.decodeError;
}
