import { SallyportError } from '@sallyport/runtime';

/** The master key can't be had: file missing, readable by others, or not of the right form. A configuration error. */
export class MasterKeyError extends SallyportError {
  readonly code = 'SP_ERR_PKI_MASTER_KEY';
}

/** What is stored was wrapped by another master key than this process has. A configuration error. */
export class MasterKeyMismatchError extends SallyportError {
  readonly code = 'SP_ERR_PKI_MASTER_KEY_MISMATCH';
}

/** A service asked for a ring that isn't meant for it. */
export class RingAccessError extends SallyportError {
  readonly code = 'SP_ERR_PKI_RING_ACCESS';
}

/** The ring doesn't exist yet: its owner makes it when it starts. */
export class RingMissingError extends SallyportError {
  readonly code = 'SP_ERR_PKI_RING_MISSING';
}

/** A stored ring was changed by somebody without the master key, cut off, or has a format from the future. */
export class RingDamagedError extends SallyportError {
  readonly code = 'SP_ERR_PKI_RING_DAMAGED';
}

/** Others changed the ring at the same time, again and again. */
export class RingConflictError extends SallyportError {
  readonly code = 'SP_ERR_PKI_RING_CONFLICT';
}

/** What was sealed names a key that the ring doesn't have: made after the last reload, or retired. */
export class UnknownKeyError extends SallyportError {
  readonly code = 'SP_ERR_PKI_UNKNOWN_KEY';
}

/** What was sealed is damaged, or was sealed for another purpose, record or field. Says no more on purpose. */
export class UnsealError extends SallyportError {
  readonly code = 'SP_ERR_PKI_UNSEAL';
}

/** A sealed secret whose time has passed. */
export class SecretExpiredError extends SallyportError {
  readonly code = 'SP_ERR_PKI_SECRET_EXPIRED';
}

/** A secret, time to live or label breaks a rule of sealing. */
export class SealArgumentError extends SallyportError {
  readonly code = 'SP_ERR_PKI_SEAL_ARGUMENT';
}

/** A private key that isn't one, or of a kind or size that this product doesn't take. */
export class KeyFormatError extends SallyportError {
  readonly code = 'SP_ERR_PKI_KEY_FORMAT';
}

/** A certificate was asked for that must not be made: no names, a bad name, validity beyond its issuer's. */
export class CertificateRequestError extends SallyportError {
  readonly code = 'SP_ERR_PKI_CERTIFICATE_REQUEST';
}

/** A stored certificate, refusal or challenge has a format from the future, or isn't what its format promises. */
export class StoredRecordError extends SallyportError {
  readonly code = 'SP_ERR_PKI_STORED_RECORD';
}
