import { mayCommand, person } from '../model/session.ts';
import { requests, stepsByService, waitingRequests, waitingSteps } from '../model/store.ts';
import { Empty, Page, Section } from '../parts/page.tsx';
import { RetrainItem } from '../parts/retrain-list.tsx';
import { RolloutCard } from '../parts/rollout.tsx';

const PAST_SHOWN = 50;

/** What waits for a person. */
export function Decisions() {
  return (
    <div class="stack">
      {waitingSteps.value.map((step) => (
        <RolloutCard key={step.service} step={step} />
      ))}
      {waitingRequests.value.length > 0 && (
        <ol class="list">
          {waitingRequests.value.map((record) => (
            <RetrainItem key={`${record.service} ${record.retrainId}`} record={record} />
          ))}
        </ol>
      )}
    </div>
  );
}

export function DecisionsPage() {
  const waiting = waitingRequests.value.length + waitingSteps.value.length;
  const past = requests.value
    .filter((record) => !waitingRequests.value.includes(record))
    .slice(0, PAST_SHOWN);
  const running = [...stepsByService.value.values()].flatMap(([now]) =>
    now !== undefined && ['running', 'paused'].includes(now.status) ? [now] : [],
  );
  const lead = mayCommand.value
    ? 'What people decide is a record on the log: it says who, what and why.'
    : `${person.value?.user || 'You'} may look, and not decide: that needs the role operator.`;
  return (
    <Page title="Decisions" lead={lead}>
      <Section title="Waiting">
        {waiting > 0 ? <Decisions /> : <Empty>Nothing waits for a person.</Empty>}
      </Section>
      {running.length > 0 && (
        <Section title="Roll-outs under way">
          <div class="stack">
            {running.map((step) => (
              <RolloutCard key={step.service} step={step} />
            ))}
          </div>
        </Section>
      )}
      <Section title="Requests for retraining">
        {past.length > 0 ? (
          <ol class="list">
            {past.map((record) => (
              <RetrainItem key={`${record.service} ${record.retrainId}`} record={record} />
            ))}
          </ol>
        ) : (
          <Empty>No other retraining was asked for.</Empty>
        )}
      </Section>
    </Page>
  );
}
