import { generatePrivateKey, privateKeyPem } from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import type { Authorization, Order } from 'acme-client';
import type { Challenge, Challenges, ChallengeType } from '../../challenges/challenges.ts';
import { AcmeChallengeError, AcmeProblemError, AcmeProtocolError } from '../../errors.ts';
import type { AcmeClient } from './client.ts';
import { problemDocument } from './problem.ts';
import type { Transport } from './transport.ts';

export interface OrderOptions {
  readonly client: AcmeClient;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly challenges: Challenges;
  /** How every name is to be proven. */
  readonly type: ChallengeType;
  readonly signal: AbortSignal;
}

/** CAs take milliseconds to seconds: asked again after these, then always after the last. */
const POLL_MS = [50, 150, 250, 500, 1000, 2000];
/** What a CA may ask us to wait between two looks; a longer Retry-After isn't meant for polling. */
const MAX_POLL_MS = 5000;

/**
 * One order from beginning to end (RFC 8555 section 7.4): the chain as PEM. For one name these are 7 requests, and one
 * more for each time that the CA wasn't ready yet. Rejects with the transport's errors and `AcmeChallengeError`.
 */
export async function order(
  names: readonly string[],
  csr: Buffer,
  options: OrderOptions,
): Promise<string> {
  const { client, signal } = options;
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const placed = await client.createOrder({ identifiers });
  const authorizations = await client.getAuthorizations(placed);
  const proofs = await Promise.allSettled(
    authorizations.map((authorization) => prove(authorization, options)),
  );
  for (const proof of proofs) if (proof.status === 'rejected') throw proof.reason;
  signal.throwIfAborted();
  const finalized = await client.finalizeOrder(placed, csr);
  const done = await poll(finalized, () => client.getOrder(placed), isOpen, options);
  if (done.status !== 'valid') throw lost(done);
  return await client.getCertificate(done);
}

const isOpen = ({ status }: Order) =>
  status === 'processing' || status === 'ready' || status === 'pending';

function lost(done: Order): AcmeProblemError {
  const { error } = done as { error?: unknown };
  if (error !== undefined) return new AcmeProblemError(problemDocument(error, 0));
  const detail = `order ended as '${done.status}'`;
  return new AcmeProblemError({ type: 'about:blank', detail, status: 0 });
}

async function prove(authorization: Authorization, options: OrderOptions): Promise<void> {
  if (authorization.status === 'valid') return;
  const { client, type, challenges, signal } = options;
  if (!Array.isArray(authorization.challenges) || authorization.identifier?.type !== 'dns') {
    throw new AcmeProtocolError(
      `authorization ${authorization.url} must have a name and challenges`,
    );
  }
  const name = authorization.identifier.value;
  const challenge = authorization.challenges.find((offered) => offered.type === type);
  if (challenge === undefined) {
    const offered = authorization.challenges.map((each) => each.type).join(', ');
    throw new AcmeChallengeError(type, {
      type: 'about:blank',
      detail: `${type} isn't offered for ${name}, only ${offered}`,
      status: 0,
    });
  }
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(challenge.token)) {
    throw new AcmeProtocolError(`token '${challenge.token}' must be 1 to 128 of base64url`);
  }
  const answer = await client.getChallengeKeyAuthorization(challenge);
  const published =
    type === 'http-01'
      ? ({ type, name, token: challenge.token, answer } as const)
      : await alpnChallenge(authorization, answer);
  await using _ = await challenges.publish(published, signal);
  await client.completeChallenge(challenge);
  const look = async () => {
    const [seen] = await client.getAuthorizations({ authorizations: [authorization.url] } as Order);
    return seen as Authorization;
  };
  const done = await poll(undefined, look, (seen) => isPending(seen, type), options);
  if (done.status === 'valid') return;
  const failed = done.challenges.find((each) => each.type === type) as { error?: unknown };
  throw new AcmeChallengeError(type, problemDocument(failed?.error ?? {}, 0));
}

/** Some CAs (smallstep) leave a failed challenge pending, with an error. */
function isPending({ status, challenges }: Authorization, type: ChallengeType): boolean {
  return status === 'pending' && !challenges.some((each) => each.type === type && 'error' in each);
}

async function alpnChallenge(authorization: Authorization, answer: string): Promise<Challenge> {
  const { crypto } = await import('acme-client');
  const key = await generatePrivateKey('ec-p256');
  const [, certificate] = await crypto.createAlpnCertificate(
    authorization,
    answer,
    privateKeyPem(key),
  );
  return {
    type: 'tls-alpn-01',
    name: authorization.identifier.value,
    certificate: certificate.toString(),
    key,
  };
}

/** Looks until it isn't `open` any more, beginning with what is `known`. */
async function poll<T extends object>(
  known: T | undefined,
  look: () => Promise<T>,
  open: (seen: T) => boolean,
  { clock, transport, signal }: OrderOptions,
): Promise<T> {
  let seen = known;
  for (let turn = 0; seen === undefined || open(seen); turn += 1) {
    const usual = POLL_MS[Math.min(turn, POLL_MS.length - 1)] as number;
    const asked = seen === undefined ? undefined : transport.retryAfter(seen);
    await clock.sleep(Math.min(asked ?? usual, MAX_POLL_MS), signal);
    seen = await look();
  }
  return seen;
}
