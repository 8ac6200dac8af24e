import { meter } from '@sallyport/runtime';

const instruments = meter('@sallyport/actions');

/** Tries, by `action` (as configured; `unknown` for all others) and `outcome` (done, failed, dead). */
export const tried = instruments.counter('sallyport.actions.runs', {
  description: 'Tries of actions, by what came of them.',
  unit: '{run}',
});

export const duration = instruments.histogram('sallyport.actions.duration', {
  description: 'How long one try took.',
  unit: 's',
  buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
});
