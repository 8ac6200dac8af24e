import { SallyportError } from '@sallyport/runtime';

/**
 * Redis refuses what was asked by its access rules, or the credentials are wrong. Nothing was done, and waiting
 * doesn't help.
 */
export class StoreAccessError extends SallyportError {
  readonly code = 'SP_ERR_STORE_ACCESS';
}
