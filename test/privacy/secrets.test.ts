import { expect, it } from 'vitest';
import { leaksIn, NOTE, SALARY } from './secrets.ts';

it('what is hidden is found, however it is written', () => {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(SALARY);
  for (const secret of [Buffer.from(NOTE), Buffer.from(String(SALARY)), double])
    for (let before = 0; before < 4; before++) {
      const whole = Buffer.concat([Buffer.alloc(before, 7), secret, Buffer.alloc(5, 7)]);
      expect(leaksIn(whole)).not.toEqual([]);
      expect(leaksIn(`"${whole.toString('base64')}"`)).not.toEqual([]);
    }
  expect(leaksIn('nothing to see')).toEqual([]);
});
