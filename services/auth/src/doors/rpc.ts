import type { Bus, Subscription } from '@sallyport/bus';
import { authDecide, type ReplyOf, sealedFieldContext } from '@sallyport/contracts';
import { type SecretReader, UnknownKeyError } from '@sallyport/pki';
import type { Decider } from '../decider.ts';
import type { Settled } from '../decision.ts';
import { LoginRequestError, SealedPasswordError } from '../errors.ts';
import { toLogin } from '../login.ts';

export interface RpcDoorOptions {
  readonly rpc: Bus['rpc'];
  readonly reader: SecretReader;
  readonly decider: Decider;
  readonly concurrency: number;
  readonly waiting: number;
}

/** Answers `auth.decide`. What can't be decided goes back as an error, which no caller may take for a verdict. */
export function openRpcDoor(options: RpcDoorOptions): Promise<Subscription> {
  const { rpc, reader, decider, concurrency, waiting } = options;
  return rpc.respond(
    authDecide,
    { concurrency, waiting },
    async (asked, { idempotencyKey: key, signal }) => {
      let password: Buffer | undefined;
      const login = async () => {
        password = await openPassword(reader, asked.password, key);
        return toLogin(asked, password);
      };
      try {
        return replyOf(await decider.decide({ asked, key, login }, signal));
      } finally {
        password?.fill(0);
      }
    },
  );
}

/** Sealed to this very question: the context has its idempotency key. */
async function openPassword(
  reader: SecretReader,
  sealed: string | undefined,
  key: string | undefined,
): Promise<Buffer | undefined> {
  if (sealed === undefined) return undefined;
  if (key === undefined) {
    throw new LoginRequestError('a question with a password must have an idempotency key');
  }
  const { subject } = authDecide;
  const context = sealedFieldContext({ subject, path: '/password', id: key });
  try {
    return await openSecret(reader, sealed, context);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new SealedPasswordError(`password of the question can't be opened: ${why}`, { cause });
  }
}

async function openSecret(reader: SecretReader, sealed: string, context: string): Promise<Buffer> {
  try {
    return reader.openSecret(sealed, { context });
  } catch (error) {
    // Sealed with a key that was made since: the ring is read again, at most once a second.
    if (!(error instanceof UnknownKeyError) || !(await reader.refresh())) throw error;
    return reader.openSecret(sealed, { context });
  }
}

function replyOf({ decision, judgement }: Settled): ReplyOf<typeof authDecide> {
  const { verdict, reason } = judgement;
  if (judgement.verdict === 'accept') {
    const { account, attributes } = judgement;
    return { decision, verdict, reason, account, attributes: copyOf(attributes) };
  }
  const { retryAfterMs } = judgement;
  return { decision, verdict, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function copyOf(attributes: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(attributes).map(([name, all]) => [name, [...all]]));
}
