notices-title = Notices
notices-lead = What somebody should know about. A notice is open until it is over; happening again does not open another one.
notices-bell = { $count ->
    [0] Notices
    [one] Notices, { $count } unread
   *[other] Notices, { $count } unread
}
notices-tab-open = Open
notices-tab-all = All
notices-empty-title = Nothing to report
notices-empty-text = When a run fails, a connection needs somebody to sign in, or too many rows are rejected, it is said here.
notices-mark = Mark as read
notices-mark-row = Mark as read: { $title }
notices-mark-all = Mark all as read
notices-all-read = Every notice has been marked as read.
notices-unread = New
notices-open = Open
notices-recovered = Recovered
notices-column-what = Notice
notices-column-state = Status
notices-column-since = Since
notices-column-over = Over
notices-column-actions = Actions
notices-times = { $count ->
    [one] { $count } time so far
   *[other] { $count } times so far
}
notices-run-failed = “{ $name }” was not delivered
notices-run-failed-over = “{ $name }” has been delivered again
notices-rows-rejected = Many rows of “{ $name }” were rejected
notices-rows-rejected-over = Few rows of “{ $name }” are rejected again
notices-did-not-run = “{ $name }” did not run when it was due
notices-did-not-run-over = “{ $name }” runs when it is due again
notices-sign-in-needed = The connection “{ $name }” needs somebody to sign in again
notices-sign-in-needed-over = Somebody has signed in again for the connection “{ $name }”
notices-sign-in-ends = The sign-in of the connection “{ $name }” ends soon
notices-sign-in-ends-over = The sign-in of the connection “{ $name }” has been renewed
notices-quota-used-up = Today’s requests to Constant Contact are used up ({ $name })
notices-quota-used-up-over = Requests to Constant Contact are available again ({ $name })
notices-rejected-of = { $rejected } of { $of } rows were rejected.
notices-was-due = It was due on { $date }.
notices-starts-again = The count starts again on { $date }.
notices-ends = It ends on { $date }.
