"""Every figure's numbers can be taken away as a table."""

import csv
import io

import numpy as np
import plotly.graph_objects as go

from core.figures.export import as_csv


def rows(figure):
    return list(csv.reader(io.StringIO(as_csv(figure))))


def test_curves_become_a_row_a_point_under_the_axes_titles():
    figure = go.Figure([go.Scatter(name="<b>loss</b>", x=[1, 2], y=[0.5, 0.25]), go.Bar(x=["yes"], y=[3])])
    figure.update_layout(xaxis_title="Epoch", yaxis_title="Loss (nats)")
    assert rows(figure) == [
        ["trace", "Epoch", "Loss (nats)", "z"],
        ["loss", "1", "0.5", ""],
        ["loss", "2", "0.25", ""],
        ["bar 2", "yes", "3", ""],
    ]


def test_heat_maps_become_a_row_a_cell():
    heat = go.Heatmap(name="map", x=["a", "b"], y=[10, 20], z=[[1, 2], [3, 4]], colorbar={"title": {"text": "Clips"}})
    assert rows(go.Figure(heat)) == [
        ["trace", "x", "y", "Clips"],
        ["map", "a", "10", "1"],
        ["map", "b", "10", "2"],
        ["map", "a", "20", "3"],
        ["map", "b", "20", "4"],
    ]


def test_empty_cells_of_a_heat_map_have_no_row():
    figure = go.Figure(go.Heatmap(name="map", x=["a", "b"], y=[10], z=[[1.0, float("nan")]]))
    assert rows(figure)[1:] == [["map", "a", "10", "1.0"]]


def test_what_plotly_counts_is_counted():
    counted = rows(go.Figure(go.Scatter(name="a", y=np.array([5.0, 6.0]))))
    assert counted[1:] == [["a", "0", "5.0", ""], ["a", "1", "6.0", ""]]


def test_commas_and_quotes_stay_in_their_cell():
    assert rows(go.Figure(go.Scatter(name='a, "b"', x=[1], y=[2])))[1][0] == 'a, "b"'
