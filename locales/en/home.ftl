home-title = Home
home-heading = First steps: from customer profiles to a Constant Contact list
home-lead = Five steps, in this order. You can stop after any of them and go on later; each is ticked off by itself.
home-step-source = Import profiles
home-step-source-text = Load a CSV file of customer profiles as a source.
home-step-source-others = An administrator loads a CSV file of customer profiles as a source.
home-step-source-action = Import a file
home-step-segment = Build a segment
home-step-segment-text = Choose with rules which customers to reach, and see how many they are.
home-step-segment-others = A contributor or an administrator chooses with rules which customers to reach.
home-step-segment-action = Build a segment
home-step-connection = Connect Constant Contact
home-step-connection-text = Connect the account once and decide who can use it.
home-step-connection-others = An administrator connects the account once and shares it with contributors. Ask an administrator if you are to set up exports.
home-step-connection-action = Add connection
home-step-export = Add an export
home-step-export-text = Choose the list, match the fields and select the segments.
home-step-export-others = A contributor or an administrator chooses the list, matches the fields and selects the segments.
home-step-export-action = Add export
home-step-run = Run it
home-step-run-text = Send the members to the list and see what became of every one of them.
home-step-run-others = A contributor or an administrator sends the members to the list. You will see here what became of them.
home-step-run-action = Go to exports
home-attention = Needs attention
home-attention-nothing = Nothing needs your attention
home-attention-more = There is more: see all exports, the most urgent first
home-attention-failed = { $ago }: { $why }
home-attention-open-run = Open run
home-attention-open-export = Open export
home-attention-review = Review and approve
home-attention-approval = Waiting for approval
home-attention-paused = Paused until tomorrow
home-attention-open-connection = Open connection
home-attention-ends-soon = Sign-in ends soon
home-attention-connection = { $why } { $exports ->
    [0] No export uses it.
    [one] { $exports } export uses it and cannot run.
   *[other] { $exports } exports use it and cannot run.
}
home-attention-stopped = Cannot run
home-attention-exports = { $count ->
    [one] { $count } export
   *[other] { $count } exports
}
home-attention-ask = The connection is not ready. Ask an administrator to look at it; runs that have begun wait for that.
home-attention-show-exports = Show exports
home-delivered = Contacts delivered in the last 30 days
home-delivered-nothing = Nothing was delivered in the last 30 days. Once a run has ended, its contacts are counted here.
home-delivered-summary = { $total } contacts in 30 days; most of them on { $day }: { $most }.
home-delivered-table = Show the numbers as a table
home-delivered-day = Day
home-delivered-contacts = Contacts
home-recent = Recent runs
home-recent-nothing = Nothing has run yet.
home-recent-delivered = { $count } delivered
home-connections-nothing = There is no connection yet.
home-connections-count = { $health }: { $count }
home-connections-all = All connections
home-quota = Requests left today
home-quota-hint = What each API key may still send to Constant Contact. The count starts again at { $until }.
home-quota-left = { $left } of { $limit } left
home-quota-names-more = { $names } and { $more } more
home-next = Next runs
home-next-nothing = Nothing runs by itself yet. Give an export a schedule, or set the refresh schedule.
