import { moment, number, plural } from '../../model/format.ts';
import { Reliability, RiskCoverage } from '../../parts/curves.tsx';
import { Empty, Section } from '../../parts/page.tsx';
import type { PartProps } from './page.tsx';

const TENTHS = ['score', 'labelled', 'hits', 'share'];

/** How far scores are to be trusted: calibration, and what share would be wrong if only the surest answers counted. */
export function QualityPart({ profiles }: PartProps) {
  const found = profiles.flatMap(({ windowEndMs, calibrations }) =>
    calibrations.filter(({ n }) => n > 0).map((calibration) => ({ windowEndMs, calibration })),
  );
  if (found.length === 0)
    return (
      <Empty>
        No labelled answers with a score yet: a classifier needs scores and labels, and the window of its
        labels must have closed since the start.
      </Empty>
    );
  return (
    <>
      {found.map(({ windowEndMs, calibration }) => {
        const { model, output, n, bins } = calibration;
        return (
          <Section
            key={`${model} ${output}`}
            title={[output, model].filter(Boolean).join(' · ')}
            note={`${plural(n, 'labelled answer')}, window until ${moment(windowEndMs)}`}
          >
            <div class="grid wide">
              <article class="card">
                <h3>Calibration</h3>
                <Reliability of={calibration} />
                <details>
                  <summary>As a table</summary>
                  <table class="plain">
                    <thead>
                      <tr>
                        {TENTHS.map((name) => (
                          <th key={name} scope="col" class="num">
                            {name}
                          </th>
                        ))}
                      </tr>
                    </thead>
                    <tbody>
                      {bins.map((bin) => (
                        <tr key={bin.score}>
                          <td class="num">{number(bin.score)}</td>
                          <td class="num">{bin.n}</td>
                          <td class="num">{bin.hits}</td>
                          <td class="num">{number(bin.hits / bin.n)}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </details>
              </article>
              <article class="card">
                <h3>Risk against coverage</h3>
                <RiskCoverage of={calibration} />
                <details>
                  <summary>As a table</summary>
                  <table class="plain">
                    <thead>
                      <tr>
                        <th scope="col" class="num">
                          confidence from
                        </th>
                        <th scope="col" class="num">
                          coverage
                        </th>
                        <th scope="col" class="num">
                          wrong
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {calibration.curve.map(({ confidence, coverage, risk }) => (
                        <tr key={coverage}>
                          <td class="num">{number(confidence)}</td>
                          <td class="num">{number(coverage)}</td>
                          <td class="num">{number(risk)}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </details>
              </article>
            </div>
          </Section>
        );
      })}
    </>
  );
}
