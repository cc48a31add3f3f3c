/** The users of the page: who looks at it, and the crowd that a rollout divides. Pure. */

/** Users of the crowd: `user0` to `user99`. */
export const CROWD = Array.from({ length: 100 }, (_, index) => `user${index}`);

/** The groups that the person can join. */
export const GROUPS = ["beta", "staff"];

/** Visitors are drawn from so many users. */
const VISITORS = 1000;

/** Returns the user `by` numbers after one: `user42` and 1 give `user43`. */
export function neighbour(user, by) {
  const [, name, digits] = /^(.*?)(\d{0,9})$/su.exec(user);
  return `${name}${Math.max(0, Number(digits || 0) + by)}`;
}

/** Draws a visitor: one in ten is in `beta`, one in a hundred in `staff`. */
export function visitor(random) {
  const number = Math.floor(random() * VISITORS);
  const groups = number % 100 === 7 ? ["staff"] : number % 10 === 3 ? ["beta"] : [];
  return { user: `user${number}`, groups };
}
