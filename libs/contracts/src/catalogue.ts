import { actionsRun } from './actions.ts';
import { authDecide, authDecided, bans } from './auth.ts';
import {
  certificateFailed,
  certificateIssued,
  certificates,
  certsList,
  certsObtain,
} from './certs.ts';
import type { EventType, FeedType, JobType, RpcType } from './define.ts';
import { entityChanged, gateway } from './gateway.ts';
import { nodes } from './nodes.ts';
import {
  revocations,
  sessionCreated,
  sessionRenewed,
  sessionRevoked,
  sessionsCreate,
  sessionsList,
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
  ...[authDecide, certsList, certsObtain],
  ...[sessionsCreate, sessionsList, sessionsRenew, sessionsRevoke],
  ...[bans, certificates, gateway, nodes, revocations, tickets],
].sort((a, b) => (a.subject < b.subject ? -1 : 1));
