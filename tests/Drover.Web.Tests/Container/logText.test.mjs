// The text of a log and the end of a shell, without a browser. Run by LogTextTests.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clean, LogSearch, LogText, parse, plain } from '../../../src/Drover.Web/Container/logText.js';

const stamp = (second, nano = '000000000') => `2026-03-01T12:00:${String(second).padStart(2, '0')}.${nano}Z`;
const texts = log => Array.from({ length: log.length }, (_, i) => log.get(log.first + i).text);

test('Parse_WithAndWithoutStamp_KnowsStreamTimeAndText', () => {
  assert.deepEqual(parse(`02 ${stamp(1)} oh no`), { stream: 'err', at: stamp(1), text: 'oh no' });
  assert.deepEqual(parse('01 plain 2026'), { stream: 'out', at: '', text: 'plain 2026' });
  assert.deepEqual(parse('00 2026-03-01T14:00:01.5+02:00  two blanks'), { stream: 'both', at: stamp(1, '500000000'), text: ' two blanks' });
  assert.deepEqual(parse(`01 ${stamp(2)}`), { stream: 'out', at: stamp(2), text: '' });
});

test('Clean_ColoursStay_AllElseThatIsNoTextDoesNot', () => {
  assert.equal(clean('\x1b[31mred\x1b[0m'), '\x1b[31mred\x1b[0m');
  assert.equal(clean('\x1b[2K\x1b[1A\x1b]0;title\x07\x1b(Bx\x1b='), 'x');
  assert.equal(clean('10 %\r50 %\r100 %\r'), '100 %');
  assert.equal(clean('a\x00b\x07\x7f\x9b31m'), 'a\u2400b\u2407\u2421\ufffd31m');
  assert.equal(clean('cut \x1b['), 'cut ');
  assert.equal(clean('cut \x1b[31'), 'cut ');
  assert.equal(clean('\ttabs stay'), '\ttabs stay');
  assert.equal(plain('\x1b[1;31mred\x1b[0m'), 'red');
});

test('Take_SeveralLinesInAMessage_AreTakenWithoutEmptyOnes', () => {
  const log = new LogText();
  assert.equal(log.take(`01 ${stamp(1)} a\n02 ${stamp(2)} b\n`), 2);
  assert.deepEqual(texts(log), ['a', 'b']);
  assert.equal(log.last, stamp(2));
});

test('Take_MoreThanTheBound_DropsTheOldestAndNumbersStay', () => {
  const log = new LogText(1000, 1e9);
  for (let i = 0; i < 30_000; i++) log.take(`01 ${stamp(1)} line ${i}`);
  assert.equal(log.length, 1000);
  assert.equal(log.dropped, 29_000);
  assert.equal(log.get(29_500).text, 'line 29500');
  assert.equal(log.get(log.first).text, 'line 29000');
  assert.ok(log.lines.length < 20_000, 'what is dropped is let go');
});

test('Take_HugeLines_AreBoundByCharactersAndOneIsAlwaysKept', () => {
  const log = new LogText(50_000, 100_000);
  for (let i = 0; i < 10; i++) log.take(`01 ${stamp(i)} ${'x'.repeat(65_536)}`);
  assert.equal(log.length, 1);
  log.take(`01 ${stamp(11)} ${'y'.repeat(200_000)}`);
  assert.equal(log.length, 1);
  assert.equal(log.get(log.first).text.length, 200_000);
});

test('ExpectRepeats_AfterALostConnection_NoLineIsDoubledAndNoneMissing', () => {
  const log = new LogText();
  log.take(`01 ${stamp(1)} a\n01 ${stamp(2)} b\n01 ${stamp(2)} b\n02 ${stamp(2)} c`);
  log.expectRepeats();
  // The server begins at the last stamp, or a little before: seconds only.
  assert.equal(log.take(`01 ${stamp(1, '900000000')} before\n01 ${stamp(2)} b\n01 ${stamp(2)} b\n02 ${stamp(2)} c\n01 ${stamp(2)} new at the same time\n01 ${stamp(3)} d\n01 ${stamp(3)} d`), 3);
  assert.deepEqual(texts(log), ['a', 'b', 'b', 'c', 'new at the same time', 'd', 'd']);
});

test('ExpectRepeats_NothingWasThere_TakesEverything', () => {
  const log = new LogText();
  log.expectRepeats();
  assert.equal(log.take(`01 ${stamp(1)} a`), 1);
});

test('Take_TenThousandLines_IsQuick', () => {
  const log = new LogText();
  const message = Array.from({ length: 10_000 }, (_, i) => `01 ${stamp(i % 60)} GET /index.html?i=${i} 200 \x1b[32mok\x1b[0m`).join('\n');
  const begun = performance.now();
  log.take(message);
  assert.ok(performance.now() - begun < 500, `${performance.now() - begun} ms`);
});

test('Search_FollowsWhatIsAddedAndDropped', () => {
  const log = new LogText(100, 1e9);
  const search = new LogSearch(log);
  for (let i = 0; i < 50; i++) log.take(`01 ${stamp(i)} line ${i} \x1b[31mER\x1b[0mROR`);
  search.set('error');
  assert.equal(search.hits.length, 50);
  assert.equal(search.next(10, false), 11);
  assert.equal(search.next(10, true), 9);
  assert.equal(search.next(49, false), 0);
  assert.equal(search.next(0, true), 49);
  for (let i = 0; i < 80; i++) log.take(`01 ${stamp(59)} other`);
  search.update();
  assert.equal(search.hits.length, 20);
  assert.equal(search.hits[0], log.first);
  search.set('nothing');
  assert.equal(search.next(5, false), null);
});
