/**
 * A message that doesn't fit its contract, or a contract that isn't well formed.
 *
 * Extends `Error` itself: contracts is published and depends on TypeBox only.
 */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code = 'SP_ERR_CONTRACT';
}
