import type { DataOf, handshakeCompleted, handshakeFailed } from '@sallyport/contracts';
import { subjectOf } from './client-certificate.ts';
import type { ClientAddress } from './ports.ts';
import type { SecuredConnection } from './secured.ts';

/** How a connection to the TLS port turned out; `data` is that of the event of the same name. */
export type HandshakeReport =
  | { readonly outcome: 'completed'; readonly data: DataOf<typeof handshakeCompleted> }
  | { readonly outcome: 'failed'; readonly data: DataOf<typeof handshakeFailed> };

export function completedReport(secured: SecuredConnection, durationMs: number): HandshakeReport {
  const { id, handshake, client, serverName, protocol, alpn, resumed } = secured;
  const { standardName } = secured.socket.getCipher();
  const certificate = secured.clientCertificate;
  return {
    outcome: 'completed',
    data: {
      connection: id,
      handshake,
      client: { ...client },
      ...(serverName === undefined ? {} : { serverName }),
      protocol,
      cipher: standardName,
      ...(alpn === undefined ? {} : { alpn }),
      resumed,
      ...(certificate === undefined
        ? {}
        : {
            clientCertificate: {
              fingerprint: certificate.fingerprint,
              subject: subjectOf(certificate.leaf).slice(0, 4096),
              verified: certificate.verified,
              ...(certificate.fault === undefined ? {} : { fault: certificate.fault }),
            },
          }),
      durationMs,
    },
  };
}

export function failedReport(failure: {
  readonly id: string;
  readonly client: ClientAddress;
  readonly serverName: string | undefined;
  readonly reason: string;
  readonly alert: number | undefined;
  readonly durationMs: number;
}): HandshakeReport {
  const { id, client, serverName, reason, alert, durationMs } = failure;
  return {
    outcome: 'failed',
    data: {
      connection: id,
      client: { ...client },
      ...(serverName === undefined ? {} : { serverName }),
      reason,
      ...(alert === undefined ? {} : { alert }),
      durationMs,
    },
  };
}
