import { SallyportError } from '@sallyport/runtime';

/** The configuration of an action can't be carried out: two of one name, a header that isn't for users, a hash without a key. */
export class ActionConfigError extends SallyportError {
  readonly code = 'SP_ERR_ACTIONS_CONFIG';
}
