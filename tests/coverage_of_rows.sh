# Which rows of tests/rows have a green test: sourced by tests/run. A test names its rows at the beginning of its name, as in
# a2_p10_postgres_dies; what passed and failed is read from the last run's report (profile.default.junit in .config/nextest.toml).

coverage_of_rows() {
    awk '
        FNR == NR { order[++rows] = $1; sub(/^[^ ]+ /, ""); title[order[rows]] = $0; next }
        function ended() {
            if (name == "") return
            words = split(name, word, "_")
            for (w = 1; w <= words; w++) {
                row = toupper(word[w])
                if (!(row in title)) break
                if (failed) red[row] = red[row] "\n        " name; else green[row]++
            }
            name = ""
        }
        /<testcase / {
            ended()
            name = $0; sub(/.*<testcase name="/, "", name); sub(/".*/, "", name); sub(/.*::/, "", name)
            failed = 0; tests++
        }
        /<(failure|error)[ >]/ { failed = 1 }
        END {
            ended()
            for (r = 1; r <= rows; r++) {
                row = order[r]
                if (row in red) { state = "RED"; reds++ } else if (row in green) { state = "green"; greens++ } else { state = "-"; nones++ }
                count = green[row] ? green[row] : ""
                printf "%-5s %-4s %4s  %s%s\n", state, row, count, title[row], red[row]
            }
            printf "%d rows: %d green, %d red, %d without a test (%d tests in the last run)\n", rows, greens, reds, nones, tests
        }
    ' tests/rows "$1"
}
