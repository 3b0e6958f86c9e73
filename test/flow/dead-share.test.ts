import { expect, test } from 'vitest';
import { createDeadShare } from '../../src/flow/dead-share.ts';

test('nothing read has no share and no count, and none of what was read is a share of 0', () => {
  const share = createDeadShare(10);
  expect(share.sample()).toEqual({});
  share.read(10, 'a');
  expect(share.sample()).toEqual({ count: 0, share: 0, source: 'a' });
  expect(share.sample()).toEqual({});
});

test('the worst source counts, however small it is beside the others', () => {
  const share = createDeadShare(10);
  share.read(100_000, 'shop', 'shop/requests');
  share.read(20, 'shop', 'shop/labels');
  share.dead(5, 'shop', 'shop/labels');
  expect(share.sample()).toEqual({ count: 5, share: 0.25, source: 'shop/labels' });
});

test('a slow source has a share once it has read enough, and keeps it until the next', () => {
  const share = createDeadShare(10);
  share.read(6, 'slow');
  share.dead(6, 'slow');
  share.read(100, 'fast');
  expect(share.sample()).toEqual({ count: 6, share: 0, source: 'fast' });
  share.read(6, 'slow');
  expect(share.sample()).toEqual({ count: 0, share: 0.5, source: 'slow' });
  share.read(9, 'slow');
  share.read(100, 'fast');
  // Nine good ones say nothing yet: the alarm must not flap between two samples of a slow stream.
  expect(share.sample()).toMatchObject({ share: 0.5, source: 'slow' });
  share.read(1, 'slow');
  expect(share.sample()).toEqual({ count: 0, share: 0, source: 'slow' });
});

test('letters without a record that was read are all of what there is', () => {
  const share = createDeadShare(2);
  share.dead(4, 'shop');
  expect(share.sample()).toEqual({ count: 4, share: 1, source: 'shop' });
});
