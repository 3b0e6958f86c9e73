import { afterAll, expect, test } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import type { ModelSpec, ServiceSpec } from '../../src/records.ts';
import { type Dim, type ElementType, FLOAT, INT64, onnxModel, UINT8 } from './support/onnx.ts';
import { binding, input, output, plain, service, tabular, workshop } from './support/service.ts';

const shop = workshop();
afterAll(() => shop.dispose());

/** A model that hands `name` through to `probability`. */
function identity(name: string, dims: Dim[], type: ElementType = FLOAT): Buffer {
  return onnxModel({
    inputs: [{ name, dims, type }],
    outputs: [{ name: 'probability', dims, type }],
    nodes: [{ op: 'Identity', inputs: [name], outputs: ['probability'] }],
  });
}

function spec(...models: ModelSpec[]): ServiceSpec {
  return service({
    inputs: [input('a', 'numeric'), input('b', 'numeric'), input('c', 'categorical')],
    outputs: [output({})],
    models,
  });
}

const both = [plain('a'), plain('b')];

async function refusal(refused: ServiceSpec): Promise<TelltaleError> {
  try {
    await shop.scorer(refused);
  } catch (error) {
    if (error instanceof TelltaleError) return error;
    throw error;
  }
  throw new Error('the scorer was created');
}

test('a missing file is named', async () => {
  const file = shop.path('absent.onnx');
  const error = await refusal(spec(tabular({ file }, both)));
  expect(error.code).toBe('model_missing');
  expect(error.message).toBe(`model \`model\`, file ${file}:\n  no such file`);
});

test('a wrong input name is shown with what was expected and what the file has', async () => {
  const file = shop.file('name.onnx', identity('X', ['n', 2]));
  const error = await refusal(spec(tabular({ file }, both)));
  expect(error.code).toBe('model_mismatch');
  expect(error.message.split('\n')).toEqual([
    `model \`model\`, file ${file}:`,
    '  input `x`: expected float32, float64, int64 [rows, 2], found no input of that name',
    '  input `X` (float32 [n, 2]) is not bound',
    '  the file has inputs `X` float32 [n, 2]',
    '  the file has outputs `probability` float32 [n, 2]',
  ]);
});

test('a wrong width, type, output name and input type are all listed, of both files at once', async () => {
  const wide = shop.file('wide.onnx', identity('x', ['n', 3]));
  const bytes = shop.file('bytes.onnx', identity('x', ['n', 2], UINT8));
  const error = await refusal(
    spec(
      tabular({ file: wide }, [plain('a'), plain('c')]),
      tabular(
        { name: 'other', role: 'shadow', file: bytes, outputs: [binding({ probabilities: 'score' })] },
        both,
      ),
      tabular({ name: 'third', role: 'shadow', file: shop.path('none.onnx') }, both),
    ),
  );
  expect(error.code).toBe('model_mismatch');
  const expectedOutput = 'expected float32, float64, int64 [rows, 2] or [rows] or [rows, 1]';
  expect(error.message.split('\n')).toEqual([
    `model \`model\`, file ${wide}:`,
    '  tensor `x`: numeric needs a numeric input, `c` is categorical',
    '  input `x`: expected float32, float64, int64 [rows, 2], found float32 [n, 3]',
    `  output \`probability\`: ${expectedOutput}, found float32 [n, 3]`,
    '  the file has inputs `x` float32 [n, 3]',
    '  the file has outputs `probability` float32 [n, 3]',
    `model \`other\`, file ${bytes}:`,
    '  input `x`: expected float32, float64, int64 [rows, 2], found uint8 [n, 2]',
    `  output \`score\`: ${expectedOutput}, found no output of that name`,
    '  the file has inputs `x` uint8 [n, 2]',
    '  the file has outputs `probability` uint8 [n, 2]',
    `model \`third\`, file ${shop.path('none.onnx')}:`,
    '  no such file',
  ]);
});

test('a fixed number of rows above one, and an int64 file that fits', async () => {
  const fixed = shop.file('fixed.onnx', identity('x', [8, 2]));
  const error = await refusal(spec(tabular({ file: fixed }, both)));
  expect(error.message).toContain('found float32 [8, 2]');
  const fits = shop.file('fits.onnx', identity('x', ['n', 2], INT64));
  expect((await shop.scorer(spec(tabular({ file: fits }, both)))).stats()).toHaveLength(1);
});

test('a file that is no model is named with what ONNX Runtime says of it', async () => {
  const file = shop.file('text.onnx', Buffer.from('not a model'));
  for (const role of ['primary', 'shadow'] as const) {
    const error = await refusal(spec(tabular({ file, role }, both)));
    expect(error.code).toBe('model_mismatch');
    expect(error.message).toContain(`file ${file}:\n  cannot be read as an ONNX model: `);
  }
});
