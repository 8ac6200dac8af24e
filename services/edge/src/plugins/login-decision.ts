import { RpcFailedError } from '@sallyport/bus';
import {
  authDecide,
  type DataOf,
  type ReplyOf,
  type SealedText,
  sealedFieldContext,
} from '@sallyport/contracts';
import type { Exchange } from '../exchange/exchange.ts';
import type { BasicCredentials } from './basic-credentials.ts';
import type { EdgePluginPorts } from './ports.ts';

/** What the pipeline says; `away`: nobody did, and `cause` is why. */
export type Decision =
  | ReplyOf<typeof authDecide>
  | { readonly verdict: 'away'; readonly cause: unknown };

type Ports = Pick<EdgePluginPorts, 'rpc' | 'passwordSealer' | 'ids' | 'logger'>;

const LONGEST_USER_AGENT = 2048;
const LONGEST_SERVICE = 256;

/**
 * Asks auth whether this login may proceed. The password goes sealed: only auth opens it, in this question only, for about as long as
 * the answer may take. Rejects only with the reason of the exchange's signal.
 */
export async function decideLogin(
  ports: Ports,
  exchange: Exchange,
  credentials: BasicCredentials,
  timeoutMs: number,
): Promise<Decision> {
  for (let again = false; ; again = true) {
    try {
      return await ask(ports, exchange, credentials, timeoutMs);
    } catch (cause) {
      exchange.signal.throwIfAborted();
      // Auth can't open what was sealed with a key that it has destroyed since: once more with the present one.
      const renewed = cause instanceof RpcFailedError && !again && (await newKey(ports, exchange));
      if (!renewed) return { verdict: 'away', cause };
    }
  }
}

async function newKey({ passwordSealer, logger }: Ports, { signal }: Exchange): Promise<boolean> {
  try {
    return await passwordSealer.refresh(signal);
  } catch (error) {
    signal.throwIfAborted();
    logger.debug('the key for passwords could not be read again', { error });
    return false;
  }
}

function ask(
  { rpc, passwordSealer, ids }: Ports,
  exchange: Exchange,
  { login, password }: BasicCredentials,
  timeoutMs: number,
): Promise<ReplyOf<typeof authDecide>> {
  const id = ids.next();
  const sealed = passwordSealer.sealSecret(Buffer.from(password, 'utf8'), {
    context: sealedFieldContext({ subject: authDecide.subject, path: '/password', id }),
    ttlMs: timeoutMs,
  }) as SealedText;
  const question: DataOf<typeof authDecide> = {
    login,
    password: sealed,
    ...circumstances(exchange),
  };
  return rpc.request(authDecide, question, {
    idempotencyKey: id,
    timeoutMs,
    signal: exchange.signal,
  });
}

function circumstances({ connection, request, route, service }: Exchange) {
  const { client, local, protocol, cipher, clientCertificate } = connection;
  const userAgent = request.header('user-agent')?.slice(0, LONGEST_USER_AGENT);
  const wanted = service?.name ?? route.name ?? service?.id ?? route.id;
  return {
    ...{ door: 'edge', protocol: 'http', method: 'basic' },
    service: wanted.slice(0, LONGEST_SERVICE),
    client: { address: client.address, port: client.port },
    local: { address: local.address, port: local.port },
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(connection.scheme === 'http' || protocol === undefined
      ? {}
      : {
          tls: {
            protocol,
            ...(cipher === undefined ? {} : { cipher }),
            ...(clientCertificate === undefined
              ? {}
              : {
                  clientVerified: clientCertificate.verified,
                  clientSubject: clientCertificate.leaf.subject.slice(0, 4096),
                }),
          },
        }),
  };
}
