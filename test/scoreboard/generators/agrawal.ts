import type { Random } from '../random.ts';
import { type Generator, mixed, type Row } from './generator.ts';

interface Person {
  salary: number;
  age: number;
  elevel: number;
}

/** Functions 1, 2 and 3 of the paper: group A. */
const LAWS: readonly ((person: Person) => boolean)[] = [
  ({ age }) => age < 40 || age >= 60,
  ({ age, salary }) =>
    age < 40
      ? salary >= 50_000 && salary <= 100_000
      : age < 60
        ? salary >= 75_000 && salary <= 125_000
        : salary >= 25_000 && salary <= 75_000,
  ({ age, elevel }) =>
    age < 40 ? elevel <= 1 : age < 60 ? elevel >= 1 && elevel <= 3 : elevel >= 2 && elevel <= 4,
];

function row(random: Random, concept: number): Row {
  const salary = 20_000 + 130_000 * random.uniform();
  const commission = salary >= 75_000 ? 0 : 10_000 + 65_000 * random.uniform();
  const age = 20 + random.below(61);
  const [elevel, car, zipcode] = [random.below(5), random.below(20), random.below(9)];
  const hvalue = (9 - zipcode) * 100_000 * (0.5 + random.uniform());
  const hyears = 1 + random.below(30);
  const loan = 500_000 * random.uniform();
  const y = LAWS[concept]!({ salary, age, elevel }) ? 0 : 1;
  return { x: [salary, commission, age, elevel, car, zipcode, hvalue, hyears, loan], y };
}

/** Nine inputs of a person who asks for a loan. */
export const AGRAWAL: Generator = {
  name: 'Agrawal',
  paper: 'Agrawal, Imielinski, Swami 1993',
  task: 'classes',
  concepts: LAWS.length,
  row,
  between: mixed(row),
};
