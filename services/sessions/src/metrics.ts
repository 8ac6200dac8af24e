import { meter } from '@sallyport/runtime';

const instruments = meter('@sallyport/sessions');

/** Questions answered, by `op` (create, renew, revoke, list) and `outcome`. */
export const answered = instruments.counter('sallyport.sessions.requests', {
  description: 'Requests about sessions, by what was asked and what came of it.',
  unit: '{request}',
});

export const revoked = instruments.counter('sallyport.sessions.revoked', {
  description: 'Sessions that ended before their time, by reason.',
  unit: '{session}',
});

export const rotated = instruments.counter('sallyport.sessions.rotations', {
  description: 'New keys that this process made, by ring.',
  unit: '{key}',
});
