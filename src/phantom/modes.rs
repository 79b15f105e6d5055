//! Modal decomposition of an R-C network: C v' + G v = u.
//!
//! Ranks are decided on the graph, never on numbers:
//! * an island without the reference gets one of its own nodes as reference (its potential is arbitrary);
//! * within a connected component of the *capacitor* graph the node voltages relative to the component's reference
//!   are the states w; the reference's own potential is algebraic (capacitor currents cancel inside a component), so
//!   C reduces to a positive-definite matrix and the algebraic potentials go by a Schur complement of G;
//! * the number of zero modes (no DC path: linear growth under a current) is the number of components of the
//!   *resistor* graph without a reference.
//!
//! With Tᵀ·Cw·T = 1 the matrix Tᵀ·Gw·T is symmetric and positive semidefinite: the modes are real, the rates λ ≥ 0.

#![expect(
    clippy::indexing_slicing,
    reason = "matrix entries at nodes and columns counted in the same function"
)]

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::ElementKind;

/// A two-terminal element between two nodes of a circuit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Branch {
    pub kind: ElementKind,
    /// Ohm or farad; positive.
    pub value: f64,
    pub from: usize,
    pub to: usize,
}

/// A network's modes z: z' = −λ z + input·u, node voltages v = voltage·z + direct·u, u = currents injected into the nodes.
#[derive(Debug, Clone)]
pub(super) struct Modes {
    /// Rates, 1/s, ascending; the zero modes are exactly 0.
    pub rates: Vec<f64>,
    /// Node × mode.
    pub voltage: DMatrix<f64>,
    /// Node × node: the instantaneous (access) part.
    pub direct: DMatrix<f64>,
    /// Mode × node.
    pub input: DMatrix<f64>,
    /// Mode × capacitor: modes from capacitor voltages, conserving the charge of every node.
    pub from_capacitors: DMatrix<f64>,
    /// Capacitor × mode.
    pub capacitors: DMatrix<f64>,
}

impl Modes {
    /// Decomposes a network. `references` are preferred as references in this order; the first is one in any case.
    pub fn new(nodes: usize, branches: &[Branch], references: &[usize]) -> Self {
        let of = |kind: ElementKind| branches.iter().filter(move |branch| branch.kind == kind);
        let islands = components(nodes, branches.iter());
        let fixed = reference_nodes(nodes, &islands, references);
        let capacitive = components(nodes, of(ElementKind::Capacitor));
        let resistive = components(nodes, of(ElementKind::Resistor));

        let (states, algebraic) = selectors(nodes, &capacitive, &fixed);
        let conductance = laplacian(nodes, of(ElementKind::Resistor), |ohm| 1.0 / ohm);
        let capacitance = laplacian(nodes, of(ElementKind::Capacitor), |farad| farad);

        // Algebraic potentials a = Gaa⁻¹ Pᵀ (u − G S w).
        let schur = &algebraic * inverse(algebraic.transpose() * &conductance * &algebraic);
        let direct = &schur * algebraic.transpose();
        let from_states = &states - &direct * &conductance * &states;

        let reduced_c = states.transpose() * capacitance * &states;
        let reduced_g = symmetric(states.transpose() * &conductance * &from_states);
        let scale = whitening(reduced_c);
        let (rates, basis) = ascending(symmetric(scale.transpose() * reduced_g * &scale));
        let floating = resistive.iter().enumerate().filter(|(node, root)| node == *root);
        let grounded: Vec<usize> = fixed.iter().filter_map(|&node| resistive.get(node).copied()).collect();
        let zero_modes = floating.filter(|(root, _)| !grounded.contains(root)).count();
        let rates = rates
            .iter()
            .enumerate()
            .map(|(k, &rate)| if k < zero_modes { 0.0 } else { rate.max(0.0) })
            .collect();

        let modes = scale * basis;
        let plates = incidence(nodes, of(ElementKind::Capacitor));
        let farads =
            DVector::from_iterator(plates.ncols(), of(ElementKind::Capacitor).map(|branch| branch.value));
        let input = modes.transpose() * from_states.transpose();
        let from_capacitors =
            modes.transpose() * states.transpose() * &plates * DMatrix::from_diagonal(&farads);
        let capacitors = plates.transpose() * &states * &modes;
        Self { rates, voltage: from_states * modes, direct, input, from_capacitors, capacitors }
    }
}

/// For each node the lowest node it is connected with.
fn components<'a>(nodes: usize, branches: impl Iterator<Item = &'a Branch> + Clone) -> Vec<usize> {
    let mut root: Vec<usize> = (0..nodes).collect();
    // Relaxation: phantoms have tens of nodes.
    loop {
        let mut settled = true;
        for branch in branches.clone() {
            let lowest = match (root.get(branch.from), root.get(branch.to)) {
                (Some(&a), Some(&b)) => a.min(b),
                _ => continue,
            };
            for end in [branch.from, branch.to] {
                if let Some(value) = root.get_mut(end).filter(|value| **value != lowest) {
                    *value = lowest;
                    settled = false;
                }
            }
        }
        if settled {
            return root;
        }
    }
}

/// One reference per island.
fn reference_nodes(nodes: usize, islands: &[usize], preferred: &[usize]) -> Vec<usize> {
    let mut served: Vec<usize> = Vec::new();
    let mut fixed = Vec::new();
    for node in preferred.iter().copied().chain(0..nodes) {
        if let Some(island) = islands.get(node).filter(|island| !served.contains(island)) {
            served.push(*island);
            fixed.push(node);
        }
    }
    fixed
}

/// S: node voltages from the states; P: node voltages from the algebraic potentials.
fn selectors(nodes: usize, capacitive: &[usize], fixed: &[usize]) -> (DMatrix<f64>, DMatrix<f64>) {
    let mut state_columns = Vec::new();
    let mut potential_columns = Vec::new();
    for root in (0..nodes).filter(|node| capacitive.get(*node) == Some(node)) {
        let members: Vec<usize> = (0..nodes).filter(|node| capacitive.get(*node) == Some(&root)).collect();
        let held = members.iter().copied().find(|node| fixed.contains(node));
        let reference = held.unwrap_or(root);
        for &node in members.iter().filter(|node| **node != reference) {
            state_columns.push(vec![node]);
        }
        if held.is_none() {
            potential_columns.push(members);
        }
    }
    let matrix = |columns: &[Vec<usize>]| {
        let mut matrix = DMatrix::zeros(nodes, columns.len());
        for (column, members) in columns.iter().enumerate() {
            for &node in members {
                matrix[(node, column)] = 1.0;
            }
        }
        matrix
    };
    (matrix(&state_columns), matrix(&potential_columns))
}

fn incidence<'a>(nodes: usize, branches: impl Iterator<Item = &'a Branch>) -> DMatrix<f64> {
    let columns: Vec<&Branch> = branches.collect();
    let mut matrix = DMatrix::zeros(nodes, columns.len());
    for (column, branch) in columns.iter().enumerate() {
        matrix[(branch.from, column)] += 1.0;
        matrix[(branch.to, column)] -= 1.0;
    }
    matrix
}

fn laplacian<'a>(
    nodes: usize,
    branches: impl Iterator<Item = &'a Branch>,
    weight: impl Fn(f64) -> f64,
) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(nodes, nodes);
    for branch in branches.filter(|branch| branch.from != branch.to) {
        let w = weight(branch.value);
        matrix[(branch.from, branch.from)] += w;
        matrix[(branch.to, branch.to)] += w;
        matrix[(branch.from, branch.to)] -= w;
        matrix[(branch.to, branch.from)] -= w;
    }
    matrix
}

/// Rounding leaves a product that is symmetric in exact arithmetic slightly lopsided.
fn symmetric(matrix: DMatrix<f64>) -> DMatrix<f64> {
    (&matrix + matrix.transpose()) * 0.5
}

/// T with Tᵀ·A·T = 1 for a positive-definite A; scaled by the diagonal first, because values span many decades.
fn whitening(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let scale = matrix.diagonal().map(|value| value.max(f64::MIN_POSITIVE).sqrt().recip());
    let scale = DMatrix::from_diagonal(&scale);
    let (values, vectors) = ascending(symmetric(&scale * matrix * &scale));
    let roots = DVector::from_iterator(
        values.len(),
        values.iter().map(|value| value.max(f64::EPSILON).sqrt().recip()),
    );
    scale * vectors * DMatrix::from_diagonal(&roots)
}

/// The inverse of a positive-definite matrix.
fn inverse(matrix: DMatrix<f64>) -> DMatrix<f64> {
    match matrix.clone().cholesky() {
        Some(factor) => factor.inverse(),
        // Only rounding can bring us here: extreme conductance ratios.
        None => {
            let root = whitening(matrix);
            &root * root.transpose()
        }
    }
}

/// Eigenvalues in ascending order with their vectors.
fn ascending(matrix: DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
    if matrix.nrows() == 0 {
        return (Vec::new(), matrix);
    }
    let eigen = SymmetricEigen::new(matrix);
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*a].total_cmp(&eigen.eigenvalues[*b]));
    let values = order.iter().map(|k| eigen.eigenvalues[*k]).collect();
    (values, eigen.eigenvectors.select_columns(order.iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resistor(value: f64, from: usize, to: usize) -> Branch {
        Branch { kind: ElementKind::Resistor, value, from, to }
    }
    fn capacitor(value: f64, from: usize, to: usize) -> Branch {
        Branch { kind: ElementKind::Capacitor, value, from, to }
    }

    #[test]
    fn one_pole_has_its_time_constant() {
        let modes = Modes::new(3, &[resistor(1e3, 1, 2), capacitor(1e-6, 2, 0), resistor(1e5, 2, 0)], &[0]);
        assert_eq!(modes.rates.len(), 1);
        assert!((modes.rates[0] - 10.0).abs() < 1e-12);
        assert!((modes.direct[(1, 1)] - 1e3).abs() < 1e-9, "access resistance");
    }

    #[test]
    fn a_floating_capacitor_has_a_zero_mode() {
        // Node 1 – 1 k – node 2 – C – ground: no DC path, one zero mode, decided on the graph.
        let modes = Modes::new(3, &[resistor(1e3, 1, 2), capacitor(1e-6, 2, 0)], &[0]);
        assert_eq!(modes.rates, vec![0.0]);
    }

    #[test]
    fn two_decoupled_poles_keep_their_own_rates() {
        let branches =
            [resistor(1e3, 1, 0), capacitor(1e-9, 1, 0), resistor(1e7, 2, 0), capacitor(1e-6, 2, 0)];
        let modes = Modes::new(3, &branches, &[0]);
        assert!((modes.rates[0] - 0.1).abs() < 1e-9);
        assert!((modes.rates[1] / 1e6 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn charge_is_shared_between_capacitors_that_come_to_lie_in_parallel() {
        // 1 uF at 3 V beside 2 uF at 0 V: 1 V on both, charge 3 uC as before.
        let modes = Modes::new(2, &[capacitor(1e-6, 1, 0), capacitor(2e-6, 1, 0), resistor(1e3, 1, 0)], &[0]);
        let z = &modes.from_capacitors * DVector::from_vec(vec![3.0, 0.0]);
        let v = &modes.capacitors * z;
        assert!((v[0] - 1.0).abs() < 1e-12 && (v[1] - 1.0).abs() < 1e-12, "{v}");
    }

    #[test]
    fn what_rounding_has_made_singular_has_an_inverse_on_what_is_left() {
        // Conductances of 1 S and 1e-17 S: the sum is 1 S, and no Cholesky factor is there. A·A⁻·A = A all the same.
        let matrix = DMatrix::from_row_slice(2, 2, &[1.0, -1.0, -1.0, 1.0 + 1e-17]);
        assert!(matrix.clone().cholesky().is_none());
        let again = &matrix * inverse(matrix.clone()) * &matrix;
        assert!((again - &matrix).norm() < 1e-9);
    }

    #[test]
    fn an_island_without_ground_is_solved_against_its_own_reference() {
        let modes = Modes::new(4, &[resistor(1e3, 0, 1), resistor(5e2, 2, 3)], &[0, 3]);
        assert!((modes.direct[(2, 2)] - 5e2).abs() < 1e-9);
        assert_eq!(modes.direct[(3, 3)], 0.0);
    }
}
