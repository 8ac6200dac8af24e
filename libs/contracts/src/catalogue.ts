import { actionsRun } from './actions.ts';
import { authDecide, authDecided, bans } from './auth.ts';
import { certificateFailed, certificateIssued, certificates, certsObtain } from './certs.ts';
import type { EventType, FeedType, JobType, RpcType } from './define.ts';
import { entityChanged, gateway } from './gateway.ts';
import {
  revocations,
  sessionCreated,
  sessionRenewed,
  sessionRevoked,
  sessionsCreate,
  sessionsRenew,
  sessionsRevoke,
  tickets,
} from './session.ts';
import { handshakeCompleted, handshakeFailed } from './tls.ts';

/** Any message of this product. */
export type Contract = EventType | JobType | RpcType | FeedType;

/** Every message of this product, in the order of their subjects. */
export const catalogue: readonly Contract[] = [
  ...[handshakeCompleted, handshakeFailed],
  ...[authDecided],
  ...[sessionCreated, sessionRenewed, sessionRevoked],
  ...[certificateIssued, certificateFailed],
  ...[entityChanged],
  ...[actionsRun],
  ...[authDecide, certsObtain, sessionsCreate, sessionsRenew, sessionsRevoke],
  ...[bans, certificates, gateway, revocations, tickets],
].sort((a, b) => (a.subject < b.subject ? -1 : 1));
