export {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
  openCertificateAuthority,
  selfSigned,
  type Validity,
} from './certificate.ts';
export {
  CertificateRequestError,
  KeyFormatError,
  MasterKeyError,
  MasterKeyMismatchError,
  RingAccessError,
  RingConflictError,
  RingDamagedError,
  RingMissingError,
  SealArgumentError,
  SecretExpiredError,
  StoredRecordError,
  UnknownKeyError,
  UnsealError,
} from './errors.ts';
export type { KeyInfo, KeyRing, Reloadable } from './key-ring.ts';
export {
  createKeyRings,
  type KeyRingOptions,
  type KeyRingPorts,
  type KeyRings,
} from './key-rings.ts';
export { createMasterKeyFile, MasterKey, parseMasterKey, readMasterKeyFile } from './master-key.ts';
export type { RingPart, RingRecord, RingStore, StoredRing } from './ports.ts';
export {
  generatePrivateKey,
  type KeyKind,
  type PrivateKey,
  parsePrivateKey,
  privateKeyDer,
  privateKeyPem,
} from './private-key.ts';
export {
  type MessagePurpose,
  PURPOSES,
  type Purpose,
  type PurposeName,
  type RecordPurpose,
  type ServiceName,
} from './purposes.ts';
export type { KeyState } from './ring-record.ts';
export { CLOCK_SKEW_MS, type SecretReader, type SecretSealer } from './secret.ts';
export { type StoredCertificate, storedCertificates } from './stored/certificate.ts';
export {
  type CertificateFeed,
  certificateFeed,
  type StoredReader,
} from './stored/certificate-feed.ts';
export {
  type StoredAlpnChallenge,
  type StoredHttpChallenge,
  storedAlpnChallenges,
  storedHttpChallenges,
} from './stored/challenge.ts';
export {
  type CertificateChange,
  CHANGES_PARTITION,
  type ChangeHead,
  storedChangeHead,
  storedChanges,
} from './stored/change.ts';
export { openPrivateKey, sealPrivateKey } from './stored/private-key.ts';
export type { StoredKey, StoredKind, StoredValue } from './stored/record.ts';
export { type StoredRefusal, storedRefusals } from './stored/refusal.ts';
