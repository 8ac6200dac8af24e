import { meter } from '@sallyport/runtime';

const auth = meter('@sallyport/auth');

/** What the service measures. Attributes are words of closed or configured sets, never of a login. */
export const metrics = {
  decisions: auth.counter('sallyport.auth.decisions', {
    description: 'Logins decided, by verdict, reason, door and where the decision was kept',
    unit: '{decision}',
  }),
  duration: auth.histogram('sallyport.auth.decision.duration', {
    description: 'From the question to the kept decision',
    unit: 's',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }),
  stages: auth.histogram('sallyport.auth.stage.duration', {
    description: 'What stages of the pipeline take, by kind and outcome',
    unit: 's',
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  }),
  pending: auth.upDown('sallyport.auth.pending', {
    description: 'Logins being decided',
    unit: '{login}',
  }),
  uncounted: auth.counter('sallyport.auth.uncounted', {
    description: 'Wrong logins that could not be counted against brute force',
    unit: '{login}',
  }),
};
