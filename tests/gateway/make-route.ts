import { type Route, routes } from '@sallyport/gateway';

let made = 0;

/** A route with the defaults of the schema; its id and age count up unless given. */
export function makeRoute(fields: Partial<Route>): Route {
  made += 1;
  const id = `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
  const { value, faults } = routes.validate({ id, created_at: made, updated_at: made, ...fields });
  const wrong = {
    ...faults,
    ...(Object.keys(faults).length > 0 ? {} : routes.check(value as Route)),
  };
  if (Object.keys(wrong).length > 0) throw new Error(JSON.stringify(wrong));
  return value as Route;
}
